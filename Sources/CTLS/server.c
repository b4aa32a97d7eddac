#define _GNU_SOURCE
#include "tls.h"

#include "reason.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509err.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#if OPENSSL_VERSION_NUMBER < 0x30000000L
#error "OpenSSL 3.0 or later is needed"
#endif

// OpenSSL would ask for a password on the terminal if there were no callback.
static int refuse_password(char *buffer, int size, int writes, void *asked) {
    (void)buffer, (void)size, (void)writes;
    if (asked) *(int *)asked = 1;
    return -1;
}

// The fault of a file, by OpenSSL's earliest error.
static tls_file file_fault(char why[TLS_REASON_BYTES]) {
    unsigned long error = ERR_peek_error();
    int is_alone = error == ERR_peek_last_error();
    tls_file fault = TLS_FILE_REFUSED;
    if (ERR_SYSTEM_ERROR(error)) {
        fault = TLS_FILE_UNREADABLE;
    } else if (ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE) {
        fault = TLS_FILE_EMPTY;
    } else if (ERR_GET_LIB(error) == ERR_LIB_OSSL_DECODER && ERR_GET_REASON(error) == ERR_R_UNSUPPORTED && is_alone) {
        // version 3 reports a missing key so
        fault = TLS_FILE_EMPTY;
    }
    tls_take_reason(why);
    return fault;
}

// Takes from the system's ciphers of TLS 1.2 those without CBC or with an RSA key exchange: the former has a history of
// padding oracles, and with the latter a stolen key opens recorded traffic. Returns 1, or 0 if none is left.
static int leave_out_weak_ciphers(SSL_CTX *server) {
    STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(server);
    char names[16384];
    size_t length = 0;
    for (int place = 0; place < sk_SSL_CIPHER_num(ciphers); place++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, place);
        int exchange = SSL_CIPHER_get_kx_nid(cipher);
        if (!SSL_CIPHER_is_aead(cipher) || (exchange != NID_kx_ecdhe && exchange != NID_kx_dhe)) continue;
        const char *name = SSL_CIPHER_get_name(cipher);
        if (length + strlen(name) + 2 > sizeof names) break;
        length += (size_t)sprintf(names + length, "%s%s", length ? ":" : "", name);
    }
    return length && SSL_CTX_set_cipher_list(server, names) == 1;
}

tls_server *tls_server_create(void) {
    ERR_clear_error();
    SSL_CTX *server = SSL_CTX_new(TLS_server_method());
    if (server && !leave_out_weak_ciphers(server)) SSL_CTX_set_min_proto_version(server, TLS1_3_VERSION);
    else if (server) SSL_CTX_set_min_proto_version(server, TLS1_2_VERSION);
    if (!server) {
        SSL_CTX_free(server);
        ERR_clear_error();
        return NULL;
    }
    SSL_CTX_set_options(server, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_options(server, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
    // relays connect seldom; and a sender that closes without having read its ticket resets the connection (RFC 1122,
    // 4.2.2.13)
    SSL_CTX_set_session_cache_mode(server, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(server, 0);
    SSL_CTX_set_mode(server, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_default_passwd_cb(server, refuse_password);
    return server;
}

void tls_server_free(tls_server *server) { SSL_CTX_free(server); }

tls_file tls_server_use_certificate(tls_server *server, const char *path, char why[TLS_REASON_BYTES]) {
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(server, path) != 1) return file_fault(why);
    ERR_clear_error();
    return TLS_FILE_USED;
}

// Whether others than its owner may read or change a file; the group may read a file of root's. These are PostgreSQL's
// rules (its manual, section 19.9).
static int is_exposed(BIO *file) {
    FILE *stream = NULL;
    struct stat status;
    if (BIO_get_fp(file, &stream) != 1 || fstat(fileno(stream), &status) < 0) return 1;
    mode_t allowed = S_IRWXU | (status.st_uid == 0 ? S_IRGRP : 0);
    return S_ISREG(status.st_mode) && (status.st_mode & (S_IRWXU | S_IRWXG | S_IRWXO) & ~allowed) != 0;
}

tls_file tls_server_use_key(tls_server *server, const char *path, char why[TLS_REASON_BYTES]) {
    ERR_clear_error();
    int asked = 0;
    BIO *file = BIO_new_file(path, "re");
    if (file && is_exposed(file)) {
        BIO_free(file);
        return TLS_FILE_EXPOSED;
    }
    EVP_PKEY *key = file ? PEM_read_bio_PrivateKey(file, NULL, refuse_password, &asked) : NULL;
    BIO_free(file);
    tls_file result = TLS_FILE_USED;
    if (!key) {
        result = file_fault(why);
        if (asked) result = TLS_FILE_ENCRYPTED;
    } else if (X509_check_private_key(SSL_CTX_get0_certificate(server), key) != 1) {
        result = TLS_FILE_FOREIGN;
    } else if (SSL_CTX_use_PrivateKey(server, key) != 1) {
        result = file_fault(why);
    }
    EVP_PKEY_free(key);
    ERR_clear_error();
    return result;
}

tls_file tls_server_check_clients(tls_server *server, const char *path, int required, char why[TLS_REASON_BYTES]) {
    ERR_clear_error();
    BIO *file = BIO_new_file(path, "re");
    if (!file) return file_fault(why);
    X509_STORE *authorities = SSL_CTX_get_cert_store(server);
    int count = 0, refused = 0;
    X509 *certificate;
    while (!refused && (certificate = PEM_read_bio_X509(file, NULL, refuse_password, NULL))) {
        // clients get the names, so that one with several certificates shows the right one
        refused = X509_STORE_add_cert(authorities, certificate) != 1 || SSL_CTX_add_client_CA(server, certificate) != 1;
        X509_free(certificate);
        count++;
    }
    BIO_free(file);
    // the end of the file is an error too
    tls_file fault = file_fault(why);
    if (fault != TLS_FILE_EMPTY || count == 0) return fault;
    SSL_CTX_set_verify(server, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), NULL);
    return TLS_FILE_USED;
}

tls_file tls_server_use_revocations(tls_server *server, const char *path, char why[TLS_REASON_BYTES]) {
    ERR_clear_error();
    BIO *file = BIO_new_file(path, "re");
    if (!file) return file_fault(why);
    X509_STORE *authorities = SSL_CTX_get_cert_store(server);
    int count = 0, refused = 0;
    X509_CRL *list;
    while (!refused && (list = PEM_read_bio_X509_CRL(file, NULL, refuse_password, NULL))) {
        refused = X509_STORE_add_crl(authorities, list) != 1;
        X509_CRL_free(list);
        count++;
    }
    BIO_free(file);
    // the end of the file is an error too
    tls_file fault = file_fault(why);
    if (fault != TLS_FILE_EMPTY || count == 0) return fault;
    X509_STORE_set_flags(authorities, X509_V_FLAG_CRL_CHECK);
    return TLS_FILE_USED;
}
