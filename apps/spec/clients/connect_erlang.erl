%% A client made with Erlang's ssh: connected.py has the command line, connected.erl what is not about the library.
-module(connect_erlang).
-export([main/0]).

main() ->
    [Host, Port, User, Known, Intent, Key | Command] = init:get_plain_arguments(),
    ok = logger:set_primary_config(level, none),
    {ok, _} = application:ensure_all_started(ssh),
    Streams = connected:streams(),
    Folder = filename:join(filename:dirname(Known), "erlang"),
    ok = filelib:ensure_dir(filename:join(Folder, "known_hosts")),
    {ok, _} = file:copy(Known, filename:join(Folder, "known_hosts")),
    KeyName = case filename:basename(Key) of "id_rsa" -> "id_rsa"; _ -> "id_ed25519" end,
    _ = file:copy(Key, filename:join(Folder, KeyName)),
    Options = [{user, User}, {user_dir, Folder}, {silently_accept_hosts, false}, {quiet_mode, true},
               {user_interaction, Intent =:= "keyboard-interactive"} | methods(Intent, Streams)],
    Connection = check(ssh:connect(Host, list_to_integer(Port), Options)),
    port_connect(Streams, self()),
    Intent =:= "remote-forward" andalso ssh:tcpip_tunnel_from_server(Connection, "127.0.0.1", 7777, "127.0.0.1", 9),
    Channel = check(ssh_connection:session_channel(Connection, infinity)),
    Intent =:= "terminal" andalso check(ssh_connection:ptty_alloc(Connection, Channel, [{term, "xterm"}])),
    check(start(Intent, Connection, Channel, Command)),
    Status = run(Streams, Connection, Channel, 255),
    ssh:close(Connection),
    halt(Status).

check(success) -> ok;
check({ok, Result}) -> Result;
check(Why) -> connected:fail(Why).

methods("password", Streams) -> [{auth_methods, "password"}, {password, connected:ask(Streams, "Password: ")}];
methods("keyboard-interactive", Streams) ->
    Answer = fun(Name, Text, Prompts) ->
                 [connected:show(Streams, T) || T <- [Name, Text]],
                 [connected:ask(Streams, Prompt) || {Prompt, _} <- Prompts]
             end,
    [{auth_methods, "keyboard-interactive"}, {keyboard_interact_fun, Answer}];
methods("rekey", _) -> [{auth_methods, "publickey"}, {rekey_limit, 16384}];
methods(_, _) -> [{auth_methods, "publickey"}].

start("subsystem", Connection, Channel, [Command]) -> ssh_connection:subsystem(Connection, Channel, Command, infinity);
start(_, Connection, Channel, []) -> ssh_connection:shell(Connection, Channel);
start(_, Connection, Channel, [Command]) -> ssh_connection:exec(Connection, Channel, Command, infinity).

run(Streams, Connection, Channel, Status) ->
    receive
        {ssh_cm, Connection, {closed, Channel}} -> Status;
        {ssh_cm, Connection, {exit_status, Channel, New}} when New =< 255 -> run(Streams, Connection, Channel, New);
        Event ->
            pass_on(Event, Streams, Connection, Channel),
            run(Streams, Connection, Channel, Status)
    end.

pass_on({Streams, {data, Data}}, Streams, Connection, Channel) -> ssh_connection:send(Connection, Channel, Data);
pass_on({Streams, eof}, Streams, Connection, Channel) -> ssh_connection:send_eof(Connection, Channel);
pass_on({ssh_cm, Connection, {data, Channel, Type, Data}}, Streams, Connection, Channel) ->
    case Type of 0 -> port_command(Streams, Data); _ -> file:write(standard_error, Data) end,
    ssh_connection:adjust_window(Connection, Channel, byte_size(Data));
pass_on(_, _, _, _) -> ok.
