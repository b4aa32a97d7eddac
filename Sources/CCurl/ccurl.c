#include "ccurl.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct sink {
    struct ccurl_answer *answer;
    size_t limit;
    size_t room;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

static size_t take(char *bytes, size_t size, size_t count, void *context) {
    struct sink *sink = context;
    struct ccurl_answer *answer = sink->answer;
    size_t more = size * count;
    if (more > sink->limit - answer->length) {
        answer->is_cut = 1;
        return 0;
    }
    if (answer->length + more > sink->room) {
        size_t room = (answer->length + more) * 2;
        char *body = realloc(answer->body, room);
        if (body == NULL) {
            return 0;
        }
        answer->body = body;
        sink->room = room;
    }
    memcpy(answer->body + answer->length, bytes, more);
    answer->length += more;
    return more;
}

int ccurl_request(const char *url, const char *unix_socket, const char *const *headers, const char *body, long seconds,
                  size_t limit, struct ccurl_answer *answer) {
    memset(answer, 0, sizeof *answer);
    pthread_once(&once, start);
    CURL *handle = curl_easy_init();
    struct sink sink = {answer, limit, 4096};
    answer->body = malloc(sink.room);
    struct curl_slist *list = NULL;
    for (; headers != NULL && *headers != NULL; headers++) {
        struct curl_slist *longer = curl_slist_append(list, *headers);
        if (longer != NULL) {
            list = longer;
        }
    }
    CURLcode code = handle == NULL || answer->body == NULL ? CURLE_OUT_OF_MEMORY : CURLE_OK;
    if (code == CURLE_OK) {
        curl_easy_setopt(handle, CURLOPT_URL, url);
        curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(handle, CURLOPT_PROXY, "");
        curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(handle, CURLOPT_TIMEOUT, seconds);
        curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, seconds < 10 ? seconds : 10L);
        curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take);
        curl_easy_setopt(handle, CURLOPT_WRITEDATA, &sink);
        curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, answer->error);
        curl_easy_setopt(handle, CURLOPT_HTTPHEADER, list);
        if (unix_socket != NULL) {
            curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, unix_socket);
        }
        if (body != NULL) {
            curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body);
        }
        code = curl_easy_perform(handle);
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer->status);
    }
    if (code != CURLE_OK && answer->error[0] == '\0') {
        strncpy(answer->error, curl_easy_strerror(code), sizeof answer->error - 1);
    }
    curl_slist_free_all(list);
    if (handle != NULL) {
        curl_easy_cleanup(handle);
    }
    return (int)code;
}

void ccurl_free(struct ccurl_answer *answer) {
    free(answer->body);
    answer->body = NULL;
}
