#include "connection.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>

int tls_is_certified(const tls_connection *connection) {
    return SSL_get0_peer_certificate(connection->ssl) && SSL_get_verify_result(connection->ssl) == X509_V_OK;
}

int tls_is_certified_by(const tls_connection *connection, tls_server *server) {
    X509 *certificate = SSL_get0_peer_certificate(connection->ssl);
    if (!certificate || SSL_CTX_get_verify_mode(server) == SSL_VERIFY_NONE) return 0;
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    int good = 0;
    if (check
        && X509_STORE_CTX_init(check, SSL_CTX_get_cert_store(server), certificate,
                               SSL_get_peer_cert_chain(connection->ssl)) == 1
        && X509_STORE_CTX_set_default(check, "ssl_client") == 1) {
        X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(check), SSL_CTX_get_security_level(server));
        good = X509_verify_cert(check) == 1;
    }
    X509_STORE_CTX_free(check);
    ERR_clear_error();
    return good;
}

int64_t tls_peer_seconds(const tls_connection *connection) {
    X509 *certificate = SSL_get0_peer_certificate(connection->ssl);
    int days = 0, seconds = 0;
    if (!certificate || ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)) != 1) days = seconds = 0;
    ERR_clear_error();
    int64_t left = (int64_t)days * 86400 + seconds;
    return left > 0 ? left : 0;
}

// Copies a name that is text without control characters and fits. Returns 1, or 0 if it is none: a NUL within a name
// would make it look like another one.
static int copy_name(const ASN1_STRING *text, char name[TLS_NAME_BYTES]) {
    unsigned char *bytes = NULL;
    int length = ASN1_STRING_to_UTF8(&bytes, text);
    int good = length > 0 && length < TLS_NAME_BYTES;
    for (int place = 0; good && place < length; place++) good = bytes[place] >= ' ' && bytes[place] != 0x7f;
    if (good) {
        memcpy(name, bytes, (size_t)length);
        name[length] = 0;
    }
    OPENSSL_free(bytes);
    ERR_clear_error();
    return good;
}

int tls_peer_common_name(const tls_connection *connection, char name[TLS_NAME_BYTES]) {
    X509 *certificate = SSL_get0_peer_certificate(connection->ssl);
    if (!certificate) return 0;
    X509_NAME *subject = X509_get_subject_name(certificate);
    // the last one is the most specific
    int place = -1, next;
    while ((next = X509_NAME_get_index_by_NID(subject, NID_commonName, place)) >= 0) place = next;
    return place >= 0 && copy_name(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, place)), name);
}

int tls_peer_dns_name(const tls_connection *connection, int index, char name[TLS_NAME_BYTES]) {
    X509 *certificate = SSL_get0_peer_certificate(connection->ssl);
    if (!certificate) return 0;
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int found = 0;
    for (int place = 0; !found && place < sk_GENERAL_NAME_num(names); place++) {
        const GENERAL_NAME *entry = sk_GENERAL_NAME_value(names, place);
        if (entry->type != GEN_DNS || !copy_name(entry->d.dNSName, name)) continue;
        found = index-- == 0;
    }
    GENERAL_NAMES_free(names);
    ERR_clear_error();
    return found;
}
