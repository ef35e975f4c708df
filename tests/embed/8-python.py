"""An echo server from Python by cffi's ABI mode: the preprocessed headers are the declarations.
8-python.py INCLUDE_DIR ADDR:PORT   (LD_LIBRARY_PATH names the library; users are in ./passwords)"""
import signal, subprocess, sys, threading
from cffi import FFI

ffi = FFI()
ffi.cdef(subprocess.run(['cc', '-E', '-P', '-DNACRE_NO_STANDARD_HEADERS', sys.argv[1] + '/nacre/server.h'], check=True,
                        text=True, capture_output=True).stdout)
lib = ffi.dlopen('libnacre.so.0')

@ffi.callback('enum nacre_answer(struct nacre_channel *, const struct nacre_request *)')
def request(ch, r):
    return lib.NACRE_GRANT if r.kind == lib.NACRE_REQUEST_SHELL else lib.NACRE_REFUSE

@ffi.callback('size_t(struct nacre_channel *, const uint8_t *, size_t)')
def data(ch, p, n):
    who = lib.nacre_login_user(lib.nacre_peer_login(lib.nacre_channel_context(ch)))
    line = b'%s: %r\r\n' % (ffi.string(who), ffi.buffer(p, n)[:])
    return n if lib.nacre_channel_write(ch, line, len(line)) == len(line) else 0

@ffi.callback('void(struct nacre_channel *)')
def eof(ch):
    lib.nacre_channel_exit_status(ch, 0); lib.nacre_channel_close(ch)

app = ffi.new('struct nacre_channel_app *', {'request': request, 'data': data, 'eof': eof})
text = [ffi.new('char[]', s) for s in (sys.argv[2].encode(), b'host_key', b'passwords')]
listen = ffi.new('char *[]', [text[0], ffi.NULL])
config = ffi.new('struct nacre_server_config *',
                 {'version': lib.nacre_version(), 'listen': listen, 'host_key_file': text[1], 'password_file': text[2], 'session': app})
problem = ffi.new('char[]', 256)
server = lib.nacre_server_new(config, problem, 256)
if server == ffi.NULL:
    sys.exit(ffi.string(problem).decode())
print(ffi.string(lib.nacre_server_address(server, 0)).decode(), file=sys.stderr, flush=True)
t = threading.Thread(target=lib.nacre_server_run, args=(server,)); t.start()   # the loop without the GIL
signal.signal(signal.SIGTERM, lambda *_: lib.nacre_server_stop(server))
t.join(); lib.nacre_server_free(server)
