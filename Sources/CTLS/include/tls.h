// The server's side of TLS on sockets that do not block, by the system's OpenSSL (version 3.0 or later). Swift does
// not see OpenSSL's macros, and its callbacks and its queue of errors are easier to handle here.
//
// A `tls_server` is what connections share. Once its files are read it is not changed, and any thread may open
// connections with it. One thread uses a `tls_connection`. No function waits, asks for anything on a terminal, or
// raises SIGPIPE; each begins and ends with an empty queue of errors (ERR_get_error(3)).
#ifndef CUSTOMS_TLS_H
#define CUSTOMS_TLS_H

#include <stddef.h>
#include <stdint.h>

typedef struct ssl_ctx_st tls_server;
typedef struct tls_connection tls_connection;

// The result of reading a file.
typedef enum {
    TLS_FILE_USED,
    TLS_FILE_UNREADABLE, // `why` is the system's reason
    TLS_FILE_EMPTY,      // it holds no certificate, or no key, in PEM form
    TLS_FILE_ENCRYPTED,  // a password would be needed
    TLS_FILE_FOREIGN,    // the key belongs to another certificate
    TLS_FILE_EXPOSED,    // others than its owner may read the key
    TLS_FILE_REFUSED     // `why` is OpenSSL's reason
} tls_file;

// The result of a handshake or a read.
typedef enum {
    TLS_DONE,   // the handshake is complete
    TLS_MORE,   // there may be more to read now
    TLS_WAITS,  // nothing more happens until the descriptor can be read, or can be written again
    TLS_ENDED,  // the peer sends no more, as it has told
    TLS_FAILED  // the connection cannot be used any more; `why` is OpenSSL's reason or the system's
} tls_outcome;

// Room that every reason fits into.
enum { TLS_REASON_BYTES = 256 };

// Room for a name in a certificate; a longer one counts as none (a DNS name has at most 253 bytes, RFC 1035).
enum { TLS_NAME_BYTES = 256 };

// Makes a server for TLS 1.2 and later that chooses the cipher, and neither compresses, renegotiates nor resumes
// sessions. Ciphers and the strength of keys are those of the system's configuration of OpenSSL (config(5)), without
// those of TLS 1.2 that use CBC or the exchange of keys by RSA. The caller owns it: tls_server_free. NULL if there is
// no memory.
tls_server *tls_server_create(void);

// Frees a server; open connections go on. NULL is allowed.
void tls_server_free(tls_server *server);

// Reads the server's certificate, followed by the intermediate ones, from a PEM file.
tls_file tls_server_use_certificate(tls_server *server, const char *path, char why[TLS_REASON_BYTES]);

// Reads the private key from a PEM file; the certificate must be there already.
tls_file tls_server_use_key(tls_server *server, const char *path, char why[TLS_REASON_BYTES]);

// Asks clients for a certificate that one of those in a PEM file vouches for, and refuses a client that has a bad
// one; one that has none only if `required`.
tls_file tls_server_check_clients(tls_server *server, const char *path, int required, char why[TLS_REASON_BYTES]);

// Refuses clients whose certificate is in one of the lists in a PEM file (RFC 5280), or was issued by an authority
// without a current list. The authorities must be there already.
tls_file tls_server_use_revocations(tls_server *server, const char *path, char why[TLS_REASON_BYTES]);

// Begins TLS on a connected socket, which stays the caller's; only tls_free may come after its close. The caller owns
// the result: tls_free. NULL if there is no memory.
tls_connection *tls_open(tls_server *server, int descriptor);

// Frees a connection without a word to the peer. NULL is allowed.
void tls_free(tls_connection *connection);

// Continues the handshake: any outcome; TLS_ENDED if the peer has given it up.
tls_outcome tls_handshake(tls_connection *connection, char why[TLS_REASON_BYTES]);

// Whether the client has shown a certificate that was found good.
int tls_is_certified(const tls_connection *connection);

// Whether a server would find the client's certificate good now: its authority, its time, and whether it was revoked.
int tls_is_certified_by(const tls_connection *connection, tls_server *server);

// The seconds until the client's certificate ends, by the system's clock; 0 if there is none, or if it has ended.
int64_t tls_peer_seconds(const tls_connection *connection);

// Copies the common name in the subject of the client's certificate. Returns 1; or 0 if there is no certificate, or no
// such name without control characters.
int tls_peer_common_name(const tls_connection *connection, char name[TLS_NAME_BYTES]);

// Copies the DNS name in subjectAltName that has this index. Returns 1; or 0 if there is none.
int tls_peer_dns_name(const tls_connection *connection, int index, char name[TLS_NAME_BYTES]);

// Decrypts the arrived bytes into `bytes`, as many as fit: TLS_MORE, TLS_WAITS, TLS_ENDED or TLS_FAILED. `count` is the
// number of bytes, whatever the outcome.
tls_outcome tls_read(tls_connection *connection, void *bytes, size_t room, size_t *count, char why[TLS_REASON_BYTES]);

// Tells the peer that nothing more is sent (close_notify), unless the handshake is not complete, the connection has
// failed, or its kernel has no room.
void tls_say_goodbye(tls_connection *connection);

#endif
