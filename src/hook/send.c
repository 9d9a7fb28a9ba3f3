/* Plan: one multi handle of libcurl, with one easy handle per message that ends by itself. Only the
 * status of an answer counts, redirects are not followed, and each connection is checked once its
 * address is known. */
#include "core/err.h"
#include "core/mem.h"
#include "hook/address.h"
#include "hook/send_impl.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_BYTES = 16 * 1024, CONNECTIONS = 128 };

struct sender {
    CURLM *multi;
    int64_t timeout_ms;
    bool private_too;
    struct post *first; /* under way */
};
struct post {
    CURL *curl;
    struct curl_slist *headers;
    void *tag;
    size_t got;
    bool private_too, refused; /* refused: by its address */
    struct post *next, **at;
};

static void post_free(struct sender *s, struct post *p)
{
    *p->at = p->next;
    if (p->next)
        p->next->at = p->at;
    curl_multi_remove_handle(s->multi, p->curl);
    curl_easy_cleanup(p->curl);
    curl_slist_free_all(p->headers);
    free(p);
}

static void sender_close(struct sender *s)
{
    if (!s)
        return;
    while (s->first)
        post_free(s, s->first);
    curl_multi_cleanup(s->multi);
    free(s);
}

static int sender_open(struct sender **out, int64_t timeout_ms, bool private_too, struct err *e)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(e, ERR_SYSTEM, "hooks: libcurl does not start");
    struct sender *s = mem_new(sizeof(*s));
    s->multi = curl_multi_init();
    s->timeout_ms = timeout_ms;
    s->private_too = private_too;
    if (!s->multi) {
        free(s);
        return err_set(e, ERR_SYSTEM, "hooks: libcurl does not start");
    }
    curl_multi_setopt(s->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS);
    *out = s;
    return 0;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct post *p = arg;
    (void)purpose;
    if (!p->private_too && !address_public(&to->addr)) {
        p->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static size_t on_answer(char *data, size_t one, size_t len, void *arg)
{
    (void)data, (void)one; /* it is 1 */
    struct post *p = arg;
    p->got += len;
    return p->got > ANSWER_BYTES ? 0 : len; /* the status is known; who says more is cut off */
}

static void set_up(const struct sender *s, struct post *p, const struct message *m)
{
    char line[512];
    snprintf(line, sizeof(line), "webhook-id: %s", m->id);
    p->headers = curl_slist_append(NULL, line);
    snprintf(line, sizeof(line), "webhook-timestamp: %" PRId64, m->seconds);
    p->headers = curl_slist_append(p->headers, line);
    snprintf(line, sizeof(line), "webhook-signature: %s", m->signatures);
    p->headers = curl_slist_append(p->headers, line);
    p->headers = curl_slist_append(p->headers, "Content-Type: application/json");
    p->headers = curl_slist_append(p->headers, "Expect:");
    CURL *c = p->curl;
    curl_easy_setopt(c, CURLOPT_URL, m->url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_PROXY, ""); /* whose addresses could not be looked at */
    curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)s->timeout_ms);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)s->timeout_ms);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "Reelgate/" REELGATE_VERSION);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, p);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, p);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, p->headers);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)strlen(m->body));
    curl_easy_setopt(c, CURLOPT_COPYPOSTFIELDS, m->body);
    curl_easy_setopt(c, CURLOPT_PRIVATE, p);
}

static int sender_start(struct sender *s, const struct message *m, void *tag, struct err *e)
{
    CURL *curl = curl_easy_init();
    if (!curl)
        return err_set(e, ERR_SYSTEM, "hooks: no memory");
    struct post *p = mem_new(sizeof(*p));
    p->curl = curl;
    p->tag = tag;
    p->private_too = s->private_too;
    p->at = &s->first;
    p->next = s->first;
    if (p->next)
        p->next->at = &p->next;
    s->first = p;
    set_up(s, p, m);
    if (curl_multi_add_handle(s->multi, curl) == CURLM_OK)
        return 0;
    post_free(s, p);
    return err_set(e, ERR_SYSTEM, "hooks: libcurl takes no more");
}

static void judge(const struct post *p, CURLcode rc, struct sent *out)
{
    long status = 0;
    *out = (struct sent){.tag = p->tag};
    curl_easy_getinfo(p->curl, CURLINFO_RESPONSE_CODE, &status);
    if (rc == CURLE_OK || (rc == CURLE_WRITE_ERROR && status))
        out->status = (int)status;
    else if (p->refused)
        snprintf(out->error, sizeof(out->error), "the address is in a private network");
    else
        snprintf(out->error, sizeof(out->error), "%s", curl_easy_strerror(rc));
}

static bool sender_next(struct sender *s, int64_t timeout_ms, struct sent *out)
{
    int running, left;
    for (int round = 0;; round++) {
        curl_multi_perform(s->multi, &running);
        for (CURLMsg *m; (m = curl_multi_info_read(s->multi, &left));) {
            struct post *p = NULL;
            if (m->msg != CURLMSG_DONE)
                continue;
            curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &p);
            judge(p, m->data.result, out);
            post_free(s, p);
            return true;
        }
        if (round)
            return false;
        curl_multi_poll(s->multi, NULL, 0, (int)timeout_ms, NULL);
    }
}

const struct send_ops hook_send_ops = {
    .open = sender_open,
    .close = sender_close,
    .start = sender_start,
    .next = sender_next,
};
