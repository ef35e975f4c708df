require 'io/console'

# Prompts of the server's and ours; control characters are not shown.
class Prompt
  def start(info)
    puts shown("#{info[:name]} #{info[:instruction]}") if info[:type] == 'keyboard-interactive'
    self
  end

  def ask(prompt, echo = true)
    print shown(prompt)
    $stdout.flush
    line = echo ? $stdin.gets : $stdin.noecho(&:gets)
    line&.chomp
  end

  def success; end

  def shown(text)
    text.encode('UTF-8', invalid: :replace).gsub(/[^[:print:]]/, '?')
  end
end
