%% What a client in Erlang needs that is not about the library. Standard input and output are a port, so that each piece is
%% passed on as it arrives.
-module(connected).
-export([streams/0, ask/2, show/2, fail/1]).

streams() -> open_port({fd, 0, 1}, [stream, binary, eof]).

show(Streams, Text) ->
    port_command(Streams, [case C < 32 orelse C > 126 of true -> $?; false -> C end || C <- unicode:characters_to_list(Text)]).

%% In any process: libraries ask in one of their own.
ask(Streams, Prompt) ->
    port_connect(Streams, self()),
    show(Streams, Prompt),
    receive {Streams, {data, Line}} -> string:trim(unicode:characters_to_list(Line), trailing, "\r\n") end.

fail(Why) ->
    io:format(standard_error, "~0p~n", [Why]), % what the server sent is escaped
    halt(255).
