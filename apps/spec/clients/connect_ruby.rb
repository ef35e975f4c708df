#!/usr/bin/ruby
# A client made with Ruby's net-ssh: connected.py has the command line, prompt.rb asks.
require 'net/ssh'
require_relative 'prompt'

HOST, PORT, USER, KNOWN_HOSTS, INTENT, KEY, COMMAND = ARGV

def start(channel, &running)
  channel.request_pty if INTENT == 'terminal'
  if INTENT == 'subsystem'
    channel.subsystem(COMMAND, &running)
  elsif COMMAND
    channel.exec(COMMAND, &running)
  else
    channel.send_channel_request('shell', &running)
  end
end

# Give it what there is of the standard input.
def feed(session, channel)
  session.listen_to($stdin) do
    channel.send_data($stdin.readpartial(65_536))
  rescue EOFError
    session.stop_listening_to($stdin)
    channel.eof!
  end
end

methods = {'password' => %w[password], 'keyboard-interactive' => %w[keyboard-interactive]}
options = {port: PORT.to_i, config: false, use_agent: false, user_known_hosts_file: KNOWN_HOSTS, global_known_hosts_file: [],
           verify_host_key: :always, keys_only: true, keys: KEY == '-' ? [] : [KEY], password_prompt: Prompt.new,
           number_of_password_prompts: 1, auth_methods: methods.fetch(INTENT, %w[publickey password])}
options[:non_interactive] = !%w[password keyboard-interactive terminal].include?(INTENT)
options[:rekey_limit] = 16_384 if INTENT == 'rekey'
status = nil
session = Net::SSH.start(HOST, USER, options)
session.forward.remote(9, '127.0.0.1', 7777, '127.0.0.1') if INTENT == 'remote-forward'
session.open_channel do |channel|
  start(channel) { |_, success| success ? feed(session, channel) : abort('The command was refused.') }
  channel.on_data { |_, data| $stdout.syswrite(data) }
  channel.on_extended_data { |_, type, data| $stderr.syswrite(data) if type == 1 }
  channel.on_request('exit-status') { |_, data| status = data.read_long }
  channel.on_close { session.stop_listening_to($stdin) }
end.wait
session.close
exit(status && status.between?(0, 255) ? status : 255)
