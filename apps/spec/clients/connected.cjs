// What a client in JavaScript needs that is not about the library: the command line (connected.py), files and questions.
const {createPrivateKey} = require('node:crypto');
const {readFileSync} = require('node:fs');
const {createInterface} = require('node:readline');

const [host, port, username, knownHosts, intent, key, command] = process.argv.slice(2);

const shown = (text) => text.replace(/\p{Cc}/gu, '?');

// No status: the server named none.
const end = (status) => process.exit(status ?? 255);

function fail(error) {
    console.error(shown(error.message));
    end();
}

function ask(prompt, done) {
    const terminal = createInterface({input: process.stdin});
    process.stdout.write(shown(prompt));
    terminal.once('line', (line) => {
        terminal.close();
        done(line);
    });
}

function isKnown(blob) {
    const lines = readFileSync(knownHosts, 'ascii').split('\n').map((line) => line.split(' '));
    return lines.some(([name, , text]) => name === `[${host}]:${port}` && text === blob.toString('base64'));
}

// ssh2 does not read PKCS #8.
function readKey() {
    const text = readFileSync(key, 'ascii');
    return text.includes('BEGIN PRIVATE KEY') ? createPrivateKey(text).export({type: 'pkcs1', format: 'pem'}) : text;
}

module.exports = {host, port, username, intent, key, command, ask, end, fail, isKnown, readKey};
