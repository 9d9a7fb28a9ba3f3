#include "http/api/api.h"

#include "auth/auth.h"
#include "core/mem.h"
#include "http/body/kept.h"
#include "http/server/answer.h"
#include "http/server/request.h"

/* The body as an object of texts. Missing fields and nulls come out as NULL. */
static int account_read_fields(struct request *r, json_t **object, const char *const *names,
                               const char **values, int count, struct err *e)
{
    json_t *o = body_object(r, e);
    if (!o)
        return -1;
    for (int i = 0; i < count; i++) {
        const json_t *v = json_object_get(o, names[i]);
        if (v && !json_is_string(v) && !json_is_null(v)) {
            json_decref(o);
            return err_wrong(e, MSG_FIELD_TYPE, names[i], "a text");
        }
        values[i] = json_string_value(v);
    }
    *object = o;
    return 0;
}

void account_sign_up(struct request *r)
{
    static const char *const names[] = {"username", "email", "password1", "password2"};
    const char *v[4];
    struct err e;
    json_t *o = NULL;
    int64_t id;
    if (account_read_fields(r, &o, names, v, 4, &e) < 0 ||
        auth_sign_up(r->http->parts.auth, v[0], v[1], v[2], v[3], &id, &e) < 0)
        answer_error(r, &e);
    else
        answer_message(r, 201, MSG_USER_CREATED);
    json_decref(o);
}

static void put_log_ins_left(struct request *r, const char *username)
{
    int of, all_in_s;
    int left = auth_log_ins_left(r->http->parts.auth, username, r->address, &of, &all_in_s);
    answer_rate(r, &(struct rate){"login", of, 60, left, all_in_s});
}

void account_log_in(struct request *r)
{
    static const char *const names[] = {"username", "password"};
    const char *v[2] = {"", ""}, *token;
    struct err e;
    json_t *o = NULL;
    int wait_s = 0;
    if (account_read_fields(r, &o, names, v, 2, &e) < 0 ||
        auth_log_in(r->http->parts.auth, r->arena, v[0], v[1], r->address, &token, &wait_s, &e) <
            0) {
        answer_error(r, &e);
        if (wait_s)
            answer_wait(r, wait_s);
        if (e.msg == MSG_LOGIN_WRONG || e.msg == MSG_LOGIN_LIMITED)
            put_log_ins_left(r, v[0]);
    } else {
        answer_json(r, 200, json_pack("{s:s}", "token", token));
        put_log_ins_left(r, v[0]);
    }
    json_decref(o);
}
