%% A client made with Erlang's ssh: connected.py has the command line. Standard input and output are a port, so that each
%% piece is passed on as it arrives.
-module(connect_erlang).
-export([main/0]).

main() ->
    [Host, Port, User, Known, Intent, Key | Command] = init:get_plain_arguments(),
    ok = logger:set_primary_config(level, none),
    {ok, _} = application:ensure_all_started(ssh),
    Streams = open_port({fd, 0, 1}, [stream, binary, eof]),
    Folder = filename:join(filename:dirname(Known), "erlang"),
    ok = filelib:ensure_dir(filename:join(Folder, "known_hosts")),
    {ok, _} = file:copy(Known, filename:join(Folder, "known_hosts")),
    [{ok, _} = file:copy(Key, filename:join(Folder, name(Key))) || Key =/= "-"],
    Options = [{user, User}, {user_dir, Folder}, {silently_accept_hosts, false}, {quiet_mode, true},
               {user_interaction, Intent =:= "keyboard-interactive"} | methods(Intent, Streams)],
    Connection = check(ssh:connect(Host, list_to_integer(Port), Options)),
    port_connect(Streams, self()),
    Intent =:= "remote-forward" andalso
        ssh:tcpip_tunnel_from_server(Connection, "127.0.0.1", 7777, "127.0.0.1", 9),
    Channel = check(ssh_connection:session_channel(Connection, infinity)),
    Intent =:= "terminal" andalso
        (success = ssh_connection:ptty_alloc(Connection, Channel, [{term, "xterm"}])),
    check(start(Intent, Connection, Channel, Command)),
    Status = run(Streams, Connection, Channel, 255),
    ssh:close(Connection),
    halt(Status).

name(Key) ->
    case filename:basename(Key) of
        "id_rsa" -> "id_rsa";
        _ -> "id_ed25519"
    end.

check(success) -> ok;
check({ok, Result}) -> Result;
check(Why) ->
    io:format(standard_error, "~0p~n", [Why]), % what the server sent is escaped
    halt(255).

methods("password", Streams) -> [{auth_methods, "password"}, {password, ask(Streams, "Password: ")}];
methods("keyboard-interactive", Streams) ->
    Answer = fun(Name, Text, Prompts) ->
                 [port_command(Streams, shown(T)) || T <- [Name, Text], T =/= ""],
                 [ask(Streams, Prompt) || {Prompt, _} <- Prompts]
             end,
    [{auth_methods, "keyboard-interactive"}, {keyboard_interact_fun, Answer}];
methods("rekey", _) -> [{auth_methods, "publickey"}, {rekey_limit, 16384}];
methods(_, _) -> [{auth_methods, "publickey"}].

shown(Text) -> [case C < 32 orelse C > 126 of true -> $?; false -> C end || C <- unicode:characters_to_list(Text)].

%% The library asks in a process of its own.
ask(Streams, Prompt) ->
    port_connect(Streams, self()),
    port_command(Streams, shown(Prompt)),
    receive {Streams, {data, Line}} -> string:trim(unicode:characters_to_list(Line), trailing, "\r\n") end.

start("subsystem", Connection, Channel, [Command]) -> ssh_connection:subsystem(Connection, Channel, Command, infinity);
start(_, Connection, Channel, []) -> ssh_connection:shell(Connection, Channel);
start(_, Connection, Channel, [Command]) -> ssh_connection:exec(Connection, Channel, Command, infinity).

run(Streams, Connection, Channel, Status) ->
    receive
        {Streams, {data, Data}} ->
            _ = ssh_connection:send(Connection, Channel, Data),
            run(Streams, Connection, Channel, Status);
        {Streams, eof} ->
            _ = ssh_connection:send_eof(Connection, Channel),
            run(Streams, Connection, Channel, Status);
        {ssh_cm, Connection, {data, Channel, 0, Data}} ->
            port_command(Streams, Data),
            ssh_connection:adjust_window(Connection, Channel, byte_size(Data)),
            run(Streams, Connection, Channel, Status);
        {ssh_cm, Connection, {data, Channel, _, Data}} ->
            file:write(standard_error, Data),
            ssh_connection:adjust_window(Connection, Channel, byte_size(Data)),
            run(Streams, Connection, Channel, Status);
        {ssh_cm, Connection, {exit_status, Channel, New}} when New =< 255 -> run(Streams, Connection, Channel, New);
        {ssh_cm, Connection, {closed, Channel}} -> Status;
        {ssh_cm, Connection, _} -> run(Streams, Connection, Channel, Status)
    end.
