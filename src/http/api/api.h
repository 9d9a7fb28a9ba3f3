/* http/api: the handlers that routes.c names, by file, and the functions that these files share. A
 * handler reads the request, calls auth, task, hook or health, and puts an answer into the request;
 * it decides nothing. */
#pragma once
#include "core/err.h"
#include "http/server/route.h"

#include <jansson.h>

struct request;
struct task_page;
struct task_row;

/* All routes. */
extern const struct routes api_routes;

/* account.c */
void account_sign_up(struct request *r);
void account_log_in(struct request *r);

/* admin.c */
void admin_overview(struct request *r);
void admin_users(struct request *r);
void admin_user_change(struct request *r);
void admin_tasks(struct request *r);
void admin_retry(struct request *r);

/* files.c */
void files_reel(struct request *r);
void files_poster(struct request *r);

/* hooks.c */
void hooks_add(struct request *r);
void hooks_list(struct request *r);
void hooks_get(struct request *r);
void hooks_change(struct request *r);
void hooks_delete(struct request *r);
void hooks_secret(struct request *r);
void hooks_test(struct request *r);
void hooks_deliveries(struct request *r);
void hooks_replay(struct request *r);

/* keys.c */
void keys_me(struct request *r);
void keys_add(struct request *r);
void keys_list(struct request *r);
void keys_delete(struct request *r);
/* Adds the number of tasks that the caller may still make today, when there is a limit. */
void answer_tasks_left(struct request *r);

/* list.c */
void tasks_list(struct request *r);
/* Reads max, order, after and status of the query into *p; with own also sort and q.
 * MSG_PARAMETER_BAD. */
int list_read(struct request *r, bool own, struct task_page *p, struct err *e);
/* Answers with a page whose tasks also have "id". */
void list_full(struct request *r, const struct task_page *page);
/* Reads the search text "q" of the query into *out; *out stays NULL when there is none. */
int query_part(struct request *r, const char **out, struct err *e);

/* page.c */
void page_get(struct request *r);

/* profile.c */
void profile_get(struct request *r);
void profile_put(struct request *r);
void profile_preview(struct request *r);
void profile_logo(struct request *r);

/* service.c */
void service_ping(struct request *r);
void service_pong(struct request *r);
void service_health(struct request *r);
void service_ready(struct request *r);
void service_metrics(struct request *r);

/* tasks.c */
void tasks_add(struct request *r);
void tasks_get(struct request *r);
void tasks_change(struct request *r);
void tasks_delete(struct request *r);
void tasks_retry(struct request *r);

/* task_view.c: task_json makes a task as GET /api/tasks/<id> shows it. task_put_place adds "queue",
 * the task's place in the line, and asks the store for it. */
json_t *task_json(struct request *r, const struct task_row *t);
void task_put_place(struct request *r, const struct task_row *t, json_t *o);

/* uploads.c */
void uploads_options(struct request *r);
void uploads_create(struct request *r);
void uploads_head(struct request *r);
void uploads_patch(struct request *r);
void uploads_delete(struct request *r);
