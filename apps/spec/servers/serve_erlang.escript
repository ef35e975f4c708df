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
    [copy(Folder, Old, System, "ssh_host_" ++ Kind ++ "_key") ||
        {Old, Kind} <- [{"host", "ed25519"}, {"host_ecdsa", "ecdsa"}, {"host_rsa", "rsa"}]],
    copy(Folder, "key.pub", System, "authorized_keys"),
    {ok, Text} = file:read_file(filename:join(Folder, "password")),
    Password = string:trim(binary_to_list(Text)),
    {ok, Server} = ssh:daemon({127, 0, 0, 1}, list_to_integer(Port),
        [{system_dir, System}, {user_dir, System}, {pwdfun, fun(_, Given) -> Given =:= Password end},
         {ssh_cli, {?MODULE, []}}, {subsystems, []}, {parallel_login, true}, {max_sessions, 1000},
         {tcpip_tunnel_in, true}, {tcpip_tunnel_out, true}, {socket_options, [{reuseaddr, true}]}]),
    {ok, Facts} = ssh:daemon_info(Server),
    io:format("~b~n", [proplists:get_value(port, Facts)]),
    timer:sleep(infinity).

copy(From, Old, To, New) ->
    ok = filelib:ensure_dir(filename:join(To, New)),
    file:copy(filename:join(From, Old), filename:join(To, New)).

%% One channel. The state is what it runs, or none.
init(_) -> {ok, none}.

handle_msg({ssh_channel_up, _, _}, State) -> {ok, State};
handle_msg(_, State) -> {ok, State}.

handle_ssh_msg({ssh_cm, Connection, {exec, Channel, WantReply, Command}}, none) ->
    ssh_connection:reply_request(Connection, WantReply, success, Channel),
    case string:lexemes(to_list(Command), " ") of
        ["produce", N] ->
            spawn_link(fun() -> produce(Connection, Channel, list_to_integer(N)) end),
            {ok, discard};
        ["exit", N] -> finish(Connection, Channel, list_to_integer(N));
        [Known | _] when Known =:= "cat"; Known =:= "discard" -> {ok, list_to_atom(Known)};
        _ -> finish(Connection, Channel, 127)
    end;
handle_ssh_msg({ssh_cm, Connection, {data, Channel, Type, Data}}, cat) ->
    _ = ssh_connection:send(Connection, Channel, Type, Data),
    {ok, cat};
handle_ssh_msg({ssh_cm, Connection, {eof, Channel}}, cat) -> finish(Connection, Channel, 0);
handle_ssh_msg({ssh_cm, Connection, {Request, Channel, WantReply, _}}, State) when Request =:= pty; Request =:= env ->
    ssh_connection:reply_request(Connection, WantReply, success, Channel),
    {ok, State};
handle_ssh_msg({ssh_cm, Connection, {Request, Channel, WantReply}}, State) when Request =:= shell ->
    ssh_connection:reply_request(Connection, WantReply, success, Channel),
    {ok, case State of none -> cat; _ -> State end};
handle_ssh_msg({ssh_cm, Connection, {exec, Channel, WantReply, _}}, State) ->
    ssh_connection:reply_request(Connection, WantReply, failure, Channel),
    {ok, State};
handle_ssh_msg({ssh_cm, _, _}, State) -> {ok, State}.

terminate(_, _) -> ok.

produce(Connection, Channel, 0) -> finish(Connection, Channel, 0);
produce(Connection, Channel, N) ->
    Size = min(N, 32768),
    case ssh_connection:send(Connection, Channel, binary:copy(<<0>>, Size)) of
        ok -> produce(Connection, Channel, N - Size);
        _ -> ok
    end.

finish(Connection, Channel, Status) ->
    _ = ssh_connection:send_eof(Connection, Channel),
    _ = ssh_connection:exit_status(Connection, Channel, Status),
    _ = ssh_connection:close(Connection, Channel),
    {ok, none}.

to_list(Text) when is_binary(Text) -> binary_to_list(Text);
to_list(Text) -> Text.
