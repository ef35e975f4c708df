#!/usr/bin/env escript
%% A server made with Erlang's ssh: serve_erlang.escript FOLDER [PORT], see served.py. It has the commands cat,
%% "produce N", discard and "exit N" itself, as a port of Erlang cannot pass on the end of its input.
-module(serve_erlang).
-mode(compile).
-behaviour(ssh_server_channel).
-export([main/1, init/1, handle_msg/2, handle_ssh_msg/2, terminate/2]).

main([Folder]) -> main([Folder, "0"]);
main([Folder, Port]) ->
    ok = logger:set_primary_config(level, none),
    {ok, _} = application:ensure_all_started(ssh),
    System = filename:join(Folder, "erlang"),
    _ = file:make_dir(System),
    [file:copy(filename:join(Folder, Old), filename:join(System, New)) ||
        {Old, New} <- [{"host", "ssh_host_ed25519_key"}, {"host_ecdsa", "ssh_host_ecdsa_key"},
                       {"host_rsa", "ssh_host_rsa_key"}, {"key.pub", "authorized_keys"}]],
    {ok, Password} = file:read_file(filename:join(Folder, "password")),
    {ok, Server} = ssh:daemon({127, 0, 0, 1}, list_to_integer(Port),
        [{system_dir, System}, {user_dir, System}, {ssh_cli, {?MODULE, []}}, {subsystems, []}, {parallel_login, true},
         {pwdfun, fun(_, Given) -> Given =:= string:trim(binary_to_list(Password)) end}, {max_sessions, 1000},
         {tcpip_tunnel_in, true}, {tcpip_tunnel_out, true}, {socket_options, [{reuseaddr, true}]}]),
    io:format("~b~n", [element(2, ssh:daemon_info(Server, port))]),
    timer:sleep(infinity).

%% One channel. The state is what it runs: none, cat, or discard.
init(_) -> {ok, none}.
handle_msg(_, State) -> {ok, State}.
handle_ssh_msg({ssh_cm, Connection, Message}, State) -> {ok, on(Message, Connection, State)}.
terminate(_, _) -> ok.

on({exec, Channel, WantReply, Command}, Connection, none) ->
    ssh_connection:reply_request(Connection, WantReply, success, Channel),
    run(string:lexemes(Command, " "), Connection, Channel);
on({shell, Channel, WantReply}, Connection, State) -> on({exec, Channel, WantReply, "cat"}, Connection, State);
on({Request, Channel, WantReply, _}, Connection, State) when Request =:= pty; Request =:= env; Request =:= exec ->
    ssh_connection:reply_request(Connection, WantReply, case Request of exec -> failure; _ -> success end, Channel),
    State;
on({data, Channel, Type, Data}, Connection, cat) -> _ = ssh_connection:send(Connection, Channel, Type, Data), cat;
on({eof, Channel}, Connection, cat) -> finish(Connection, Channel, 0);
on(_, _, State) -> State.

run(["cat"], _, _) -> cat;
run(["discard"], _, _) -> discard;
run(["produce", N], Connection, Channel) ->
    spawn_link(fun() -> produce(Connection, Channel, list_to_integer(N)) end),
    discard;
run(["exit", N], Connection, Channel) -> finish(Connection, Channel, list_to_integer(N));
run(_, Connection, Channel) -> finish(Connection, Channel, 127).

produce(Connection, Channel, 0) -> finish(Connection, Channel, 0);
produce(Connection, Channel, N) ->
    Size = min(N, 32768),
    ssh_connection:send(Connection, Channel, binary:copy(<<0>>, Size)) =:= ok andalso produce(Connection, Channel, N - Size).

finish(Connection, Channel, Status) ->
    _ = ssh_connection:send_eof(Connection, Channel),
    _ = ssh_connection:exit_status(Connection, Channel, Status),
    _ = ssh_connection:close(Connection, Channel),
    none.
