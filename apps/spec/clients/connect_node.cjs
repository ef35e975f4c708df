// A client made with node's ssh2: connected.cjs has the command line. The module is looked for beside this file, and in the
// folder node of each folder in PATH: nacre-spec's own is one of these, and "make node-packages" installs it there.
const {host, port, username, intent, key, command, ask, end, fail, isKnown, readKey} = require('./connected.cjs');

const paths = [__dirname, ...process.env.PATH.split(':').map((folder) => `${folder}/node`)];
const {Client} = require(require.resolve('ssh2', {paths}));

function answer(prompts, answers, finish) {
    if (answers.length === prompts.length)
        return finish(answers);
    ask(prompts[answers.length].prompt, (line) => answer(prompts, [...answers, line], finish));
}

// The methods that the intent is about, in the order in which they are tried.
function* methods() {
    if (intent === 'keyboard-interactive')
        yield (next) => next({type: intent, username,
            prompt: (name, text, language, prompts, finish) => answer(prompts, [], finish)});
    if (key !== '-')
        yield (next) => next({type: 'publickey', username, key: readKey()});
    if (intent === 'password' || intent === 'terminal')
        yield (next) => ask('Password: ', (password) => next({type: 'password', username, password}));
}

const tried = methods();

function authHandler(left, partial, next) {
    const {value, done} = tried.next();
    return done ? next(false) : value(next);
}

function run(error, stream) {
    let status;
    if (error)
        throw error;
    stream.on('exit', (code) => status = code);
    stream.on('close', () => {
        client.end();
        process.stdout.write('', () => end(status));
    });
    process.stdin.pipe(stream);
    stream.pipe(process.stdout, {end: false});
    stream.stderr.pipe(process.stderr, {end: false});
}

const client = new Client();
client.on('error', fail);
client.on('close', () => end());
client.on('ready', () => {
    const options = intent === 'terminal' ? {pty: true} : {};
    if (intent === 'remote-forward')
        client.forwardIn('127.0.0.1', 7777, () => {});
    if (intent === 'subsystem')
        client.subsys(command, run);
    else if (command === undefined)
        client.shell(options.pty ?? false, run);
    else
        client.exec(command, options, run);
});
client.connect({host, port, username, authHandler, hostVerifier: isKnown});
