#define _GNU_SOURCE
#include "tls.h"

#include "connection.h"
#include "reason.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

// The largest number of bytes that one call takes from the kernel. Otherwise a peer that sends records without content
// could keep OpenSSL, and with it the thread, busy without end.
enum { CALL_BYTES = 131072 };

// The size of one recv(2). OpenSSL asks for the head of a record and then for its body; a system call for each would
// cost more than decrypting a short record. OpenSSL's own reading ahead moves all waiting bytes to the front for each
// record.
enum { AHEAD_BYTES = 32768 };

// Takes the arrived bytes that fit from the kernel. Returns the result of recv(2).
static ssize_t fill(tls_connection *connection) {
    if (!connection->ahead) connection->ahead = malloc(AHEAD_BYTES);
    if (!connection->ahead) return -1;
    size_t wanted = connection->budget < AHEAD_BYTES ? connection->budget : AHEAD_BYTES;
    ssize_t got;
    do {
        got = recv(connection->descriptor, connection->ahead, wanted, MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    connection->begin = 0;
    connection->end = got > 0 ? (size_t)got : 0;
    connection->budget -= connection->end;
    return got;
}

// OpenSSL's own BIO for sockets writes by write(2), which raises SIGPIPE, and knows no budget.
static int socket_read(BIO *bio, char *bytes, int count) {
    tls_connection *connection = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (connection->begin == connection->end) {
        if (connection->budget == 0) {
            connection->exhausted = 1;
            BIO_set_retry_read(bio);
            return -1;
        }
        ssize_t got = fill(connection);
        if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
        if (got < 0 && errno == EAGAIN) BIO_set_retry_read(bio);
        if (got <= 0) return (int)got;
    }
    size_t taken = connection->end - connection->begin;
    if (taken > (size_t)count) taken = (size_t)count;
    memcpy(bytes, connection->ahead + connection->begin, taken);
    connection->begin += taken;
    return (int)taken;
}

static int socket_write(BIO *bio, const char *bytes, int count) {
    tls_connection *connection = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t sent;
    do {
        sent = send(connection->descriptor, bytes, (size_t)count, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno == EAGAIN) BIO_set_retry_write(bio);
    return (int)sent;
}

static long socket_control(BIO *bio, int command, long number, void *pointer) {
    (void)number, (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_EOF: return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    default: return 0;
    }
}

static BIO_METHOD *socket_method;

static void make_socket_method(void) {
    socket_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "customs stream");
    if (!socket_method) return;
    BIO_meth_set_read(socket_method, socket_read);
    BIO_meth_set_write(socket_method, socket_write);
    BIO_meth_set_ctrl(socket_method, socket_control);
}

tls_connection *tls_open(tls_server *server, int descriptor) {
    // the method is made once and lives as long as the process
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_socket_method);
    ERR_clear_error();
    tls_connection *connection = calloc(1, sizeof *connection);
    BIO *bio = socket_method ? BIO_new(socket_method) : NULL;
    SSL *ssl = SSL_new(server);
    if (!connection || !bio || !ssl) {
        free(connection);
        BIO_free(bio);
        SSL_free(ssl);
        ERR_clear_error();
        return NULL;
    }
    connection->ssl = ssl;
    connection->descriptor = descriptor;
    BIO_set_data(bio, connection);
    BIO_set_init(bio, 1);
    // the connection owns the BIO from here on
    SSL_set_bio(ssl, bio, bio);
    SSL_set_accept_state(ssl);
    return connection;
}

void tls_free(tls_connection *connection) {
    if (!connection) return;
    SSL_free(connection->ssl);
    free(connection->ahead);
    free(connection);
    ERR_clear_error();
}

// The outcome of an OpenSSL call that did not succeed.
static tls_outcome outcome(tls_connection *connection, int code, char why[TLS_REASON_BYTES]) {
    switch (SSL_get_error(connection->ssl, code)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return connection->exhausted ? TLS_MORE : TLS_WAITS;
    case SSL_ERROR_ZERO_RETURN: return TLS_ENDED;
    default:
        connection->failed = 1;
        tls_take_reason(why);
        return TLS_FAILED;
    }
}

static void begin_call(tls_connection *connection) {
    ERR_clear_error();
    errno = 0;
    connection->budget = CALL_BYTES;
    connection->exhausted = 0;
}

// Frees the buffer for reading ahead, if it is empty: a waiting connection holds OpenSSL's memory alone.
static void end_call(tls_connection *connection) {
    if (connection->begin < connection->end) return;
    free(connection->ahead);
    connection->ahead = NULL;
    connection->begin = connection->end = 0;
}

tls_outcome tls_handshake(tls_connection *connection, char why[TLS_REASON_BYTES]) {
    begin_call(connection);
    int code = SSL_do_handshake(connection->ssl);
    tls_outcome result = code == 1 ? TLS_DONE : outcome(connection, code, why);
    // OpenSSL has freed the buffer for sending, which is not used any more; the one for receiving would be freed and
    // allocated for each record
    if (result == TLS_DONE) SSL_clear_mode(connection->ssl, SSL_MODE_RELEASE_BUFFERS);
    end_call(connection);
    long verified = SSL_get_verify_result(connection->ssl);
    if (result == TLS_FAILED && verified != X509_V_OK) {
        size_t length = strlen(why);
        snprintf(why + length, TLS_REASON_BYTES - length, ": %s", X509_verify_cert_error_string(verified));
    }
    return result;
}

tls_outcome tls_read(tls_connection *connection, void *bytes, size_t room, size_t *count, char why[TLS_REASON_BYTES]) {
    begin_call(connection);
    *count = 0;
    tls_outcome result = TLS_MORE;
    while (result == TLS_MORE && *count < room) {
        size_t read = 0;
        int code = SSL_read_ex(connection->ssl, (char *)bytes + *count, room - *count, &read);
        *count += read;
        if (code == 1) continue;
        result = outcome(connection, code, why);
        break;
    }
    end_call(connection);
    return result;
}

void tls_say_goodbye(tls_connection *connection) {
    if (connection->failed || !SSL_is_init_finished(connection->ssl)) return;
    begin_call(connection);
    SSL_shutdown(connection->ssl);
    ERR_clear_error();
}
