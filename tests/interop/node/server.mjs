// A server made with node's ssh2, which runs commands with a shell.
//
//     node server.mjs PORT HOST_KEY USER PUBLIC_KEY
//
// Logs in the user with the key, and prints a line for each login. It answers a query for an RSA key with the name ssh-rsa,
// whatever the client asked for.
import {spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';

const [port, hostKey, user, publicKey] = process.argv.slice(2);
const {Server, utils} = createRequire(`${process.env.NODE_FOLDER}/`)('ssh2');
const key = utils.parseKey(readFileSync(publicKey));

function mayLogIn(login) {
    return login.method === 'publickey' && login.username === user && login.key.data.equals(key.getPublicSSH()) &&
        (!login.signature || key.verify(login.blob, login.signature, login.hashAlgo) === true);
}

function run(accept, reject, {command}) {
    const stream = accept();
    const child = spawn('/bin/sh', ['-c', command]);
    stream.pipe(child.stdin);
    child.stdin.on('error', () => {});
    child.stdout.pipe(stream, {end: false});
    child.on('close', (status) => {
        stream.exit(status ?? 255);
        stream.end();
    });
}

new Server({hostKeys: [readFileSync(hostKey)]}, (client) => {
    client.on('authentication', (login) => mayLogIn(login) ? login.accept() : login.reject(['publickey']));
    client.on('ready', () => {
        console.log('accepted', user);
        client.on('session', (accept) => accept().on('exec', run));
    });
    client.on('error', (error) => console.log('error', error.message));
}).listen(Number(port), '127.0.0.1');
