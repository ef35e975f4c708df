"""What "SSH, byte by byte" says about each message and each field: one sentence, or a few."""

# By message; "NAME kind" for what a key field chose.
MESSAGES = {
    "SSH_MSG_KEXINIT":
        "Both sides send what they support, best first, and may do so at once, without waiting for the other. For each "
        "kind of algorithm the first name on the client's list that the server has too is chosen.",
    "SSH_MSG_KEX_ECDH_INIT":
        "The client has generated a private number for this exchange alone, and sends the public share that belongs to it.",
    "SSH_MSG_KEX_ECDH_REPLY":
        "The server does the same, proves with its host key which server it is, and both sides can now compute the same secret.",
    "SSH_MSG_NEWKEYS":
        "Everything that this side sends after this message is encrypted with the new keys. Strict key exchange also starts the "
        "sequence numbers of this direction again at 0.",
    "SSH_MSG_EXT_INFO":
        "The first message under keys may list extensions that do not fit into KEXINIT: pairs of a name and a value.",
    "SSH_MSG_SERVICE_REQUEST":
        "The transport is ready, and the client asks for what runs on top of it: authentication first.",
    "SSH_MSG_SERVICE_ACCEPT":
        "The server accepts.",
    "SSH_MSG_USERAUTH_REQUEST none":
        "The client asks to log in without any proof. That is refused, but the refusal says which methods there are.",
    "SSH_MSG_USERAUTH_REQUEST password":
        "Now the client tries the password. It is sent as it is, protected only by the encryption: the server sees it, and hashes "
        "it to compare.",
    "SSH_MSG_USERAUTH_FAILURE":
        "Refused; the list says what may be tried next.",
    "SSH_MSG_USERAUTH_SUCCESS":
        "The user is logged in. It has no fields: from here on the messages of the connection protocol are legal.",
    "SSH_MSG_GLOBAL_REQUEST hostkeys-00@openssh.com":
        "A request about the connection as a whole. This one tells the client all host keys of the server, so that it can learn new "
        "ones before the old one is replaced.",
    "SSH_MSG_CHANNEL_OPEN session":
        "The client opens a channel for a shell or a command, gives it a number of its own, and says how much it is ready to "
        "receive.",
    "SSH_MSG_CHANNEL_OPEN_CONFIRMATION":
        "The server agrees. The channel now has two numbers, one on each side, and each side addresses the other's.",
    "SSH_MSG_CHANNEL_REQUEST shell":
        "A request about this channel: start the user's shell.",
    "SSH_MSG_CHANNEL_REQUEST exit-status":
        "The program has ended, and the server reports its exit status.",
    "SSH_MSG_CHANNEL_SUCCESS":
        "The answer to the oldest channel request that wants one: granted.",
    "SSH_MSG_CHANNEL_DATA in":
        "What the user typed. It may not be longer than the window that the other side has left.",
    "SSH_MSG_CHANNEL_DATA out":
        "What the program printed: this one prints what it reads.",
    "SSH_MSG_CHANNEL_EOF in":
        "The client sends no more data on this channel. It can still receive.",
    "SSH_MSG_CHANNEL_EOF out":
        "The server sends no more data either.",
    "SSH_MSG_CHANNEL_CLOSE out":
        "The server closes its side of the channel, and sends nothing more on it.",
    "SSH_MSG_CHANNEL_CLOSE in":
        "The client closes its side too. Only now are both numbers free again.",
    "SSH_MSG_DISCONNECT":
        "The last message: the client leaves, and says why. The server does not answer it.",
}

# By "MESSAGE/field", or by the field's name where it means the same in every message.
FIELDS = {
    "cookie": "16 random bytes, so that no two exchanges hash the same KEXINIT, and neither side alone determines the keys.",
    "SSH_MSG_KEXINIT/kex_algorithms in":
        "Key exchange methods. curve25519-sha256 is the only real one here; ext-info-c says that the client understands EXT_INFO, and "
        "kex-strict-c that it supports strict key exchange. The names with @ belong to whoever owns the domain.",
    "SSH_MSG_KEXINIT/kex_algorithms out":
        "The server's methods. ext-info-s and kex-strict-s are its counterparts of the client's markers; they are never chosen.",
    "server_host_key_algorithms": "Which kinds of signature the server may prove itself with.",
    "encryption_algorithms_client_to_server": "Ciphers for what the client sends. Each direction is chosen separately.",
    "encryption_algorithms_server_to_client": "Ciphers for what the server sends.",
    "mac_algorithms_client_to_server":
        "MACs for what the client sends. In a name with -etm the MAC covers the encrypted packet, so it is checked before anything is "
        "decrypted.",
    "mac_algorithms_server_to_client": "MACs for what the server sends.",
    "compression_algorithms_client_to_server": "Compression of what the client sends: none, the only one that nacre has.",
    "compression_algorithms_server_to_client": "Compression of what the server sends.",
    "languages_client_to_server": "An empty list, as nearly everywhere: nobody negotiates languages.",
    "languages_server_to_client": "An empty list.",
    "first_kex_packet_follows": "FALSE: no guessed key exchange message follows this one.",
    "reserved": "Always 0: reserved for future extensions.",
    "Q_C": "The client's share: its X25519 public key, 32 bytes as RFC 7748 writes them.",
    "Q_S": "The server's share. With its own private number and the other's share, each side computes the same K.",
    "SSH_MSG_KEX_ECDH_REPLY/K_S": "The host key's own fields are inside this string.",
    "SSH_MSG_KEX_ECDH_REPLY/signature": "The signature's own fields are inside this string.",
    "SSH_MSG_KEX_ECDH_REPLY/format identifier": "Which kind of key or signature follows.",
    "SSH_MSG_KEX_ECDH_REPLY/key":
        "The Ed25519 public key. The client compares it with what it knows about this host, because the signature proves only that the "
        "server has the private one.",
    "SSH_MSG_KEX_ECDH_REPLY/signature/signature":
        "The Ed25519 signature of H, the exchange hash, which covers both identifications, both KEXINITs and both shares: whoever changes a "
        "byte of them makes it wrong.",
    "nr-extensions": "How many pairs of name and value follow.",
    "SSH_MSG_EXT_INFO/extension-name server-sig-algs":
        "Signature algorithms that the server accepts for users' keys; without it, a client with an RSA key has to guess.",
    "SSH_MSG_EXT_INFO/extension-name publickey-hostbound@openssh.com":
        "The server supports logins whose signature also covers its host key.",
    "SSH_MSG_EXT_INFO/extension-name ping@openssh.com":
        "PING is answered with PONG, for measuring the round trip, or hiding the timing of keystrokes.",
    "SSH_MSG_EXT_INFO/extension-value server-sig-algs": "The names themselves, as in KEXINIT.",
    "SSH_MSG_EXT_INFO/extension-value publickey-hostbound@openssh.com": "The version of this extension, as text.",
    "SSH_MSG_EXT_INFO/extension-value ping@openssh.com": "The version of this extension, as text.",
    "SSH_MSG_SERVICE_REQUEST/service name": "RFC 4252's authentication. ssh-connection follows once the user is known.",
    "SSH_MSG_SERVICE_ACCEPT/service name": "The same name, as the answer.",
    "user name": "Who wants to log in, in UTF-8.",
    "SSH_MSG_USERAUTH_REQUEST/service name": "What starts after the login: the connection protocol, RFC 4254.",
    "method name": "The login method: how the user proves to be that user.",
    "changes password": "FALSE: this is a login. TRUE would send a new password after the old one.",
    "plaintext password": "The password, in UTF-8.",
    "authentications that can continue": "Methods that can lead to a login. They are names, and not in any order.",
    "partial success": "FALSE: the request itself failed. TRUE would mean that it succeeded, and another method is required as well.",
    "request name": "What is requested; the rest of the message depends on it.",
    "SSH_MSG_GLOBAL_REQUEST/want reply": "FALSE: no answer is expected.",
    "SSH_MSG_CHANNEL_REQUEST/want reply in": "TRUE: the server answers with CHANNEL_SUCCESS or CHANNEL_FAILURE.",
    "SSH_MSG_CHANNEL_REQUEST/want reply out": "FALSE: a report is not answered.",
    "hostkeys": "One host key, with its own fields inside; there may be more, up to the end of the message.",
    "SSH_MSG_GLOBAL_REQUEST/format identifier": "The kind of this key.",
    "SSH_MSG_GLOBAL_REQUEST/key": "The Ed25519 public key, the same as in KEX_ECDH_REPLY.",
    "channel type": "A session: a program on the server. Forwarded connections have other types.",
    "SSH_MSG_CHANNEL_OPEN/sender channel": "The client's number for this channel: the server writes it into every message about it.",
    "SSH_MSG_CHANNEL_OPEN_CONFIRMATION/sender channel": "The server's number for it: the client uses this one from now on.",
    "recipient channel": "The channel that is meant, by the receiver's number.",
    "initial window size":
        "How many bytes of data the sender of this message is ready to receive on the channel. WINDOW_ADJUST adds to it later.",
    "maximum packet size": "How many bytes of data one message may have.",
    "request type": "What is requested; the rest of the message depends on it.",
    "data": "The bytes themselves. SSH does not look into them: here they are text.",
    "exit_status": "0, which means success.",
    "reason code": "11, SSH_DISCONNECT_BY_APPLICATION: the client ends the session because it is done.",
    "description": "A text for a person.",
    "language tag": "The language of that text; empty, as nearly everywhere.",
}

# What every packet has. {n}: bytes; {value}: a number.
FRAME = {
    "packet_length": "{value} bytes of packet follow, without this field{mac}.",
    "packet_length etm": "{value} bytes of packet follow, without this field and the MAC. With an -etm MAC it is not encrypted, but the "
                         "MAC covers it.",
    "padding_length": "{value} of them are padding, at the end. There are at least 4, and they fill the packet up to a multiple of "
                      "{block} bytes.",
    "message number": "{value}, {name}: the first byte of every message says what it is.",
    "length": "{value} bytes follow.",
    "empty": "0: nothing follows, the {what} is empty.",
    "padding": "Padding, which the receiver throws away. It is random, so that it gives no known plaintext.",
    "MAC": "HMAC-SHA-256 with integrity key {letter}, of the sequence number {seq} and the {covered} bytes above as they are on the wire.",
}

IDENTIFICATION = [
    (b"SSH-", "protocol", "Every SSH connection begins with these four characters."),
    (b"2.0", "protoversion", "The version of the protocol: 2.0 is the only one in use."),
    (b"-", "separator", "A hyphen; the name after it has none."),
    (b"nacre_0.1", "softwareversion", "Which program this is. Peers use it to work around each other's mistakes."),
    (b"\r\n", "CR LF", "The end of the line. It is not hashed."),
]
