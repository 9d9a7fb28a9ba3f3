/* Every statement of the SQLite back end. Conditions like `state = 0` are written out, not bound:
 * SQLite takes a partial index only when it can see that the condition is met. And the index is
 * named wherever several would do: without statistics SQLite guesses, and a wrong guess reads all
 * that waits. A named index that cannot serve is an error at once, not slowness in a year. */
#include "store/sqlite/sqlite_impl.h"

#define TASK_COLUMNS                                                                               \
    "id, user_id, state, file_name, title, clip_blob, clip_hash, clip_bytes, reel_blob, "          \
    "poster_blob, reel_bytes, poster_bytes, fit, start_us, created_ms, changed_ms, fence, "        \
    "attempts, progress, lease_until_ms, not_before_ms, worker, error_slug, error_text, report, "  \
    "request, profile, length_us"
#define TASK "SELECT " TASK_COLUMNS " FROM tasks "
#define OWNED                                                                                      \
    "SELECT " TASK_COLUMNS ", (SELECT username FROM users u WHERE u.id = tasks.user_id) FROM "     \
    "tasks "
/* Of one user's tasks those that hold a part, in some order; each with its descending one. */
#define SOUGHT(index)                                                                              \
    TASK "INDEXED BY " index " WHERE user_id = ?1 AND state <> 4 AND (1 << state) & ?3 AND (?5 = " \
         "'' OR instr(reelgate_fold(title), reelgate_fold(?5)) OR "                                \
         "instr(reelgate_fold(file_name), reelgate_fold(?5))) AND "
#define BY_NUMBER(index, key, than, way)                                                           \
    SOUGHT(index) "(" key ", id) " than " (?6, ?2) ORDER BY " key way ", id" way " LIMIT ?4"
#define TITLE "reelgate_fold(CASE title WHEN '' THEN file_name ELSE title END)"
#define BY_TITLE(than, way)                                                                        \
    SOUGHT("tasks_owner")                                                                          \
    "(" TITLE " " than " reelgate_fold(?6) OR ?2 IN (0, "                                          \
    "9223372036854775807) OR (" TITLE " = reelgate_fold(?6) AND id " than                          \
    " ?2)) ORDER BY " TITLE way ", id" way " LIMIT ?4"
#define BRIEF "SELECT id, user_id, state, file_name, title, progress FROM tasks "
#define USER_COLUMNS                                                                               \
    "id, username, email, password_hash, admin, created_ms, bytes_used, bytes_limit, "             \
    "tasks_limit, day, day_tasks"
#define USER "SELECT " USER_COLUMNS " FROM users "
#define KEY                                                                                        \
    "SELECT k.id, k.user_id, k.name, k.hash, k.hint, k.scopes, k.created_ms, k.expires_ms, "       \
    "k.used_ms, u.username, u.admin FROM api_keys k JOIN users u ON u.id = k.user_id "

const char *const sq_sql_text[SQL_COUNT_] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_SAVEPOINT] = "SAVEPOINT one",
    [SQL_SAVEPOINT_UNDO] = "ROLLBACK TO one",
    [SQL_SAVEPOINT_END] = "RELEASE one",
    [SQL_PING] = "SELECT 1 FROM users LIMIT 1",

    [SQL_USER_TAKEN] = "SELECT EXISTS (SELECT 1 FROM users WHERE username = ?1), "
                       "EXISTS (SELECT 1 FROM users WHERE email = ?2)",
    [SQL_USER_ADD] = "INSERT INTO users (username, email, password_hash, created_ms) "
                     "VALUES (?1, ?2, ?3, ?4)",
    [SQL_USER_BY_NAME] = USER "WHERE username = ?1",
    [SQL_USER_BY_NAME_OR_EMAIL] =
        USER "WHERE username = ?1 OR email = ?1 ORDER BY username = ?1 DESC LIMIT 1",
    [SQL_USER_BY_ID] = USER "WHERE id = ?1",
    [SQL_USER_PASSWORD] = "UPDATE users SET password_hash = ?2 WHERE id = ?1",
    [SQL_USER_LIST] = USER "WHERE id > ?1 ORDER BY id LIMIT ?2",
    [SQL_USER_SEARCH] =
        "SELECT " USER_COLUMNS ", (SELECT count(*) FROM tasks t INDEXED BY tasks_owner "
        "WHERE t.user_id = users.id AND t.state <> 4) FROM users WHERE id > ?1 AND (?3 = '' OR "
        "instr(lower(username), lower(?3)) OR instr(lower(email), lower(?3))) "
        "ORDER BY id LIMIT ?2",
    [SQL_USER_SET] =
        "UPDATE users SET admin = CASE WHEN ?5 & 1 THEN ?2 ELSE admin END, bytes_limit = CASE WHEN "
        "?5 & 2 THEN ?3 ELSE bytes_limit END, tasks_limit = CASE WHEN ?5 & 4 THEN ?4 ELSE "
        "tasks_limit END WHERE id = ?1 AND (?6 = 0 OR admin = 0 OR EXISTS (SELECT 1 FROM users o "
        "INDEXED BY users_admin WHERE o.admin = 1 AND o.id <> ?1))",
    [SQL_USER_DAY] = "UPDATE users SET day_tasks = CASE WHEN day = ?2 THEN day_tasks + 1 ELSE 1 "
                     "END, day = ?2 WHERE id = ?1",
    [SQL_USER_BYTES] = "SELECT bytes_used, bytes_limit, tasks_limit, day, day_tasks FROM users "
                       "WHERE id = ?1",
    [SQL_USER_CHARGE] = "UPDATE users SET bytes_used = bytes_used + ?2 WHERE id = ?1",
    [SQL_USER_SERVED] = "UPDATE users SET served = ?2 WHERE id = ?1",

    [SQL_TASK_ADD] =
        "INSERT INTO tasks (user_id, state, file_name, title, clip_blob, clip_hash, clip_bytes, "
        "fit, start_us, created_ms, changed_ms, request, profile) VALUES (?1, 0, ?2, ?3, ?4, ?5, "
        "?6, "
        "?7, ?8, ?9, ?9, ?10, ?11)",
    [SQL_TASK_BY_ID] = TASK "WHERE id = ?1",
    [SQL_TASK_BY_KEY] =
        TASK "WHERE id = (SELECT task_id FROM idempotency WHERE user_id = ?1 AND key = ?2) "
             "AND state <> 4",
    [SQL_KEY_ASKED] =
        "SELECT title, fit, start_us FROM idempotency WHERE user_id = ?1 AND key = ?2 "
        "AND title IS NOT NULL",
    [SQL_TASK_BY_CLIP] = TASK "WHERE clip_blob = ?1 AND state <> 4",
    [SQL_TASK_BY_REEL] = TASK "WHERE reel_blob = ?1 AND reel_blob <> '' AND state <> 4",
    [SQL_TASK_BY_POSTER] = TASK "WHERE poster_blob = ?1 AND poster_blob <> '' AND state <> 4",
    [SQL_LIST_ALL] = TASK "WHERE id > ?2 AND (1 << state) & ?3 ORDER BY id LIMIT ?4",
    [SQL_LIST_ALL_DOWN] = TASK "WHERE id < ?2 AND (1 << state) & ?3 ORDER BY id DESC LIMIT ?4",
    [SQL_LIST_USER] = TASK
    "INDEXED BY tasks_owner WHERE user_id = ?1 AND state <> 4 AND id > ?2 AND (1 << state) & ?3 "
    "ORDER BY id LIMIT ?4",
    [SQL_LIST_USER_DOWN] =
        TASK "INDEXED BY tasks_owner WHERE user_id = ?1 AND state <> 4 AND id < ?2 AND "
             "(1 << state) & ?3 ORDER BY id DESC LIMIT ?4",
    [SQL_LIST_BRIEF] = BRIEF
    "INDEXED BY tasks_owner WHERE user_id = ?1 AND state <> 4 AND id > ?2 AND (1 << state) & ?3 "
    "ORDER BY id LIMIT ?4",
    [SQL_LIST_BRIEF_DOWN] =
        BRIEF "INDEXED BY tasks_owner WHERE user_id = ?1 AND state <> 4 AND id < ?2 AND "
              "(1 << state) & ?3 ORDER BY id DESC LIMIT ?4",
    [SQL_LIST_UPLOADED] =
        TASK "INDEXED BY tasks_uploaded WHERE state = 0 AND id > ?2 ORDER BY id LIMIT ?4",
    [SQL_LIST_DELETED] =
        TASK "INDEXED BY tasks_deleted WHERE state = 4 AND id > ?2 ORDER BY id LIMIT ?4",
    [SQL_SOUGHT_CREATED] = SOUGHT("tasks_owner") "id > ?2 ORDER BY id LIMIT ?4",
    [SQL_SOUGHT_CREATED_DOWN] = SOUGHT("tasks_owner") "id < ?2 ORDER BY id DESC LIMIT ?4",
    [SQL_SOUGHT_TITLE] = BY_TITLE(">", ""),
    [SQL_SOUGHT_TITLE_DOWN] = BY_TITLE("<", " DESC"),
    [SQL_SOUGHT_SIZE] = BY_NUMBER("tasks_size", "clip_bytes", ">", ""),
    [SQL_SOUGHT_SIZE_DOWN] = BY_NUMBER("tasks_size", "clip_bytes", "<", " DESC"),
    [SQL_SOUGHT_LENGTH] = BY_NUMBER("tasks_length", "length_us", ">", ""),
    [SQL_SOUGHT_LENGTH_DOWN] = BY_NUMBER("tasks_length", "length_us", "<", " DESC"),
    [SQL_OWNED] = OWNED "WHERE state <> 4 AND id > ?2 AND (1 << state) & ?3 ORDER BY id LIMIT ?4",
    [SQL_OWNED_DOWN] =
        OWNED "WHERE state <> 4 AND id < ?2 AND (1 << state) & ?3 ORDER BY id DESC LIMIT ?4",
    [SQL_OWNED_UPLOADED] = OWNED "INDEXED BY tasks_uploaded WHERE state = 0 AND id > ?2 AND (1 << "
                                 "state) & ?3 ORDER BY id LIMIT ?4",
    [SQL_OWNED_UPLOADED_DOWN] = OWNED "INDEXED BY tasks_uploaded WHERE state = 0 AND id < ?2 AND "
                                      "(1 << state) & ?3 ORDER BY id DESC LIMIT ?4",
    [SQL_OWNED_PROCESSING] = OWNED
    "INDEXED BY tasks_lease WHERE state = 1 AND id > ?2 AND (1 << state) & ?3 ORDER BY id LIMIT ?4",
    [SQL_OWNED_PROCESSING_DOWN] = OWNED "INDEXED BY tasks_lease WHERE state = 1 AND id < ?2 AND (1 "
                                        "<< state) & ?3 ORDER BY id DESC LIMIT ?4",
    [SQL_OWNED_FAILED] = OWNED "INDEXED BY tasks_failed WHERE state = 3 AND id > ?2 AND (1 << "
                               "state) & ?3 ORDER BY id LIMIT ?4",
    [SQL_OWNED_FAILED_DOWN] = OWNED "INDEXED BY tasks_failed WHERE state = 3 AND id < ?2 AND (1 << "
                                    "state) & ?3 ORDER BY id DESC LIMIT ?4",

    [SQL_TASK_CHANGE] =
        "UPDATE tasks SET state = ?2, changed_ms = ?3, progress = ?4, attempts = ?5, "
        "not_before_ms = ?6, due = ?7, error_slug = ?8, error_text = ?9, reel_blob = ?10, "
        "poster_blob = ?11, reel_bytes = ?12, poster_bytes = ?13, report = ?14, "
        "lease_until_ms = 0, worker = '', took_ms = CASE WHEN ?2 = 2 THEN max(?3 - changed_ms, 1) "
        "ELSE took_ms END, length_us = CASE WHEN ?2 = 2 AND json_valid(?14) THEN "
        "coalesce(CAST(json_extract(?14, '$.in.duration') * 1000000 AS INTEGER), 0) ELSE "
        "length_us END, fit = ?15, start_us = ?16 WHERE id = ?1",
    [SQL_TASK_RENAME] = "UPDATE tasks SET title = ?3 WHERE id = ?1 AND state <> 4 AND (?2 = 0 OR "
                        "user_id = ?2)",
    [SQL_TASK_TAKE] = "UPDATE tasks SET state = 1, fence = fence + 1, attempts = attempts + 1, "
                      "progress = 0, worker = ?2, changed_ms = ?3, lease_until_ms = ?3 + ?4 "
                      "WHERE id = ?1",
    [SQL_TASK_RENEW] = "UPDATE tasks SET lease_until_ms = ?3, progress = ?4 "
                       "WHERE id = ?1 AND fence = ?2 AND state = 1",
    [SQL_TASK_HELD] = "SELECT 1 FROM tasks WHERE id = ?1 AND fence = ?2 AND state = 1",
    [SQL_TASK_EXPIRED] = TASK "INDEXED BY tasks_lease WHERE state = 1 AND lease_until_ms <= ?1 "
                              "ORDER BY lease_until_ms LIMIT ?2",
    [SQL_TASK_PURGE] = "DELETE FROM tasks WHERE id = ?1 AND state = 4",
    [SQL_COUNTS] = "SELECT state, n FROM task_counts",
    [SQL_LINE_USERS] = "SELECT count(*) FROM (SELECT 1 FROM turns LIMIT ?1)",
    /* Round by round: of each user the first, then the second. */
    [SQL_LINE] =
        "SELECT id, user_id FROM (SELECT t.id, t.user_id, u.served, row_number() OVER (PARTITION "
        "BY t.user_id ORDER BY t.id) AS round FROM (SELECT user_id, served FROM turns INDEXED BY "
        "turns_order ORDER BY served, user_id LIMIT ?1) u JOIN tasks t INDEXED BY tasks_due ON "
        "t.state = 0 AND t.due = 1 AND t.user_id = u.user_id AND t.id <= coalesce((SELECT x.id "
        "FROM tasks x INDEXED BY tasks_due WHERE x.state = 0 AND x.due = 1 AND x.user_id = "
        "u.user_id ORDER BY x.id LIMIT 1 OFFSET ?2), 9223372036854775807)) "
        "ORDER BY round, served, user_id LIMIT ?1",
    [SQL_LINE_PACE] =
        "SELECT coalesce((SELECT CAST(avg(took_ms) AS INTEGER) FROM (SELECT took_ms FROM tasks "
        "INDEXED BY tasks_made WHERE state = 2 AND took_ms > 0 ORDER BY changed_ms DESC LIMIT "
        "32)), 0), (SELECT coalesce(sum(jobs), 0) FROM workers WHERE seen_ms >= ?1), (SELECT n "
        "FROM task_counts WHERE state = 1)",

    [SQL_KEY_FIND] = "SELECT task_id FROM idempotency WHERE user_id = ?1 AND key = ?2",
    [SQL_KEY_ADD] = "INSERT INTO idempotency (user_id, key, task_id, created_ms) "
                    "VALUES (?1, ?2, ?3, ?4)",
    [SQL_KEY_FORGET] = "DELETE FROM idempotency WHERE task_id = ?1",
    [SQL_KEY_OLD] = "DELETE FROM idempotency WHERE id IN "
                    "(SELECT id FROM idempotency WHERE created_ms < ?1 LIMIT 8)",

    [SQL_OUTBOX_ADD] = "INSERT INTO outbox (task_id) VALUES (?1)",
    [SQL_OUTBOX_READ] = "SELECT id, task_id FROM outbox ORDER BY id LIMIT ?1",
    [SQL_OUTBOX_DONE] = "DELETE FROM outbox WHERE id <= ?1",

#define EVENT                                                                                      \
    "SELECT id, user_id, task_id, kind, progress, error_slug, created_ms, again FROM events "
    [SQL_EVENT_LIST] =
        EVENT "INDEXED BY events_user WHERE user_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
    [SQL_EVENT_LIST_TASK] = EVENT "INDEXED BY events_task WHERE task_id = ?4 AND user_id = ?1 AND "
                                  "id > ?2 ORDER BY id LIMIT ?3",
    [SQL_EVENT_USERS] = "SELECT user_id, max(id) FROM events WHERE id > ?1 GROUP BY user_id",
    [SQL_EVENT_SPAN] = "SELECT coalesce((SELECT max(id) FROM events), 0), id FROM events_forgotten",
    [SQL_EVENT_SPAN_USER] = "SELECT coalesce((SELECT max(id) FROM events INDEXED BY events_user "
                            "WHERE user_id = ?1), 0), id FROM events_forgotten",
    [SQL_EVENT_CUT] = "SELECT max(id), count(*) FROM (SELECT id, created_ms FROM events "
                      "ORDER BY id LIMIT ?2) WHERE created_ms < ?1",
    [SQL_EVENT_TRIM] = "DELETE FROM events WHERE id <= ?1",
    [SQL_EVENT_FORGET] = "UPDATE events_forgotten SET id = max(id, ?1)",

#define UPLOAD                                                                                     \
    "SELECT id, user_id, length_bytes, offset_bytes, file_name, title, idempotency_key, "          \
    "clip_blob, fit, start_us, wish, holder, expires_ms, task_id, request FROM uploads "
    [SQL_UPLOAD_ADD] =
        "INSERT INTO uploads (id, user_id, length_bytes, file_name, title, idempotency_key, "
        "clip_blob, fit, start_us, expires_ms, request) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
        "?10, ?12 FROM "
        "users u WHERE u.id = ?2 AND u.bytes_used + ?3 + (SELECT coalesce(sum(length_bytes), 0) "
        "FROM uploads WHERE user_id = ?2 AND task_id = 0) <= coalesce(nullif(CASE WHEN "
        "u.bytes_limit < 0 THEN ?11 ELSE u.bytes_limit END, 0), 9223372036854775807) "
        "RETURNING expires_ms",
    [SQL_UPLOAD_OPEN] =
        "SELECT count(*) FROM uploads INDEXED BY uploads_open WHERE user_id = ?2 AND "
        "task_id = 0",
    [SQL_UPLOAD_ADVANCE] =
        "UPDATE uploads SET offset_bytes = ?4, holder = 0, expires_ms = ?5 WHERE id = ?1 AND "
        "holder = ?2 AND offset_bytes = ?3 RETURNING offset_bytes",
    [SQL_UPLOAD_EXPIRED] =
        UPLOAD "INDEXED BY uploads_expiry WHERE expires_ms <= ?2 ORDER BY expires_ms LIMIT ?1",
    [SQL_UPLOAD_WHOLE] = UPLOAD "INDEXED BY uploads_whole WHERE task_id = 0 AND offset_bytes = "
                                "length_bytes AND expires_ms <= ?2 LIMIT ?1",
    [SQL_UPLOAD_GET] = UPLOAD "WHERE id = ?1 AND (?2 = 0 OR user_id = ?2)",
    [SQL_UPLOAD_WISH] =
        "UPDATE uploads SET wish = wish + 1 WHERE id = ?1 AND user_id = ?2 RETURNING wish",
    [SQL_UPLOAD_HOLD] = "UPDATE uploads SET holder = ?2 WHERE id = ?1 AND wish = ?2 AND (holder = "
                        "0 OR ?3 <> 0) RETURNING holder",
    [SQL_UPLOAD_FINISH] = "UPDATE uploads SET task_id = ?2 WHERE id = ?1 RETURNING task_id",
    [SQL_UPLOAD_REMOVE] = "DELETE FROM uploads WHERE id = ?1",
    [SQL_UPLOAD_FREE_ALL] = "UPDATE uploads SET holder = 0 WHERE holder <> 0",
#define HOOK                                                                                       \
    "SELECT id, user_id, url, kinds, description, enabled, secret, old_secret, old_until_ms, "     \
    "created_ms FROM hooks "
#define DELIVERY                                                                                   \
    "id, hook_id, user_id, event_id, task_id, kind, progress, error_slug, title, file_name, "      \
    "reel_blob, created_ms, state, fence, tries, next_ms, status, error, ended_ms"
    [SQL_HOOK_ADD] =
        "INSERT INTO hooks (user_id, url, kinds, description, enabled, secret, created_ms) "
        "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE "
        "(SELECT count(*) FROM hooks WHERE user_id = ?1) < ?8",
    [SQL_HOOK_GET] = HOOK "WHERE id = ?1 AND (user_id = ?2 OR ?2 = 0)",
    [SQL_HOOK_LIST] = HOOK "WHERE user_id = ?1 ORDER BY id",
    [SQL_HOOK_SET] = "UPDATE hooks SET url = ?3, kinds = ?4, description = ?5, enabled = ?6 "
                     "WHERE id = ?1 AND user_id = ?2",
    [SQL_HOOK_SECRET] = "UPDATE hooks SET old_secret = secret, old_until_ms = ?4, secret = ?3 "
                        "WHERE id = ?1 AND user_id = ?2",
    [SQL_HOOK_REMOVE] = "DELETE FROM hooks WHERE id = ?1 AND user_id = ?2",
    [SQL_DELIVERY_REMOVE] = "DELETE FROM deliveries WHERE hook_id = ?1",
    [SQL_DELIVERY_TEST] =
        "INSERT INTO deliveries (hook_id, user_id, event_id, task_id, kind, progress, error_slug, "
        "title, file_name, reel_blob, created_ms, next_ms) SELECT id, user_id, 0, 0, ?3, 0, '', "
        "'', '', '', ?4, ?4 FROM hooks WHERE id = ?1 AND user_id = ?2",
    [SQL_DELIVERY_LIST] = "SELECT " DELIVERY " FROM deliveries INDEXED BY deliveries_hook "
                          "WHERE hook_id = ?1 AND user_id = ?2 AND id < ?3 ORDER BY id DESC "
                          "LIMIT ?4",
    [SQL_DELIVERY_REPLAY] = "UPDATE deliveries SET state = 0, tries = 0, next_ms = ?4, "
                            "ended_ms = 0 WHERE id = ?1 AND hook_id = ?2 AND user_id = ?3",
    /* From one hook to the next in the index, not through all that waits. */
    [SQL_DELIVERY_DUE] =
        "WITH RECURSIVE w (hook) AS (SELECT min(hook_id) FROM deliveries INDEXED BY deliveries_due "
        "WHERE state = 0 UNION ALL SELECT (SELECT min(hook_id) FROM deliveries INDEXED BY "
        "deliveries_due WHERE state = 0 AND hook_id > w.hook) FROM w WHERE w.hook IS NOT NULL) "
        "SELECT h.id, h.user_id, (SELECT min(next_ms) FROM deliveries INDEXED BY deliveries_due "
        "WHERE state = 0 AND hook_id = h.id) AS due FROM w JOIN hooks h ON h.id = w.hook "
        "WHERE h.enabled = 1 ORDER BY due",
    [SQL_DELIVERY_CLAIM] =
        "UPDATE deliveries SET fence = fence + 1, tries = tries + 1, next_ms = ?3 WHERE id IN "
        "(SELECT id FROM deliveries INDEXED BY deliveries_due WHERE state = 0 AND hook_id = ?1 "
        "AND next_ms <= ?2 ORDER BY next_ms LIMIT ?4) RETURNING " DELIVERY,
    [SQL_DELIVERY_SETTLE] = "UPDATE deliveries SET state = ?3, next_ms = ?4, status = ?5, "
                            "error = ?6, ended_ms = ?7 WHERE id = ?1 AND fence = ?2 AND state = 0",
    [SQL_DELIVERY_TRIM] =
        "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries INDEXED BY "
        "deliveries_ended WHERE state <> 0 AND ended_ms < ?1 ORDER BY ended_ms LIMIT ?2)",
    [SQL_DELIVERY_LOST] =
        "DELETE FROM deliveries WHERE id IN (SELECT d.id FROM deliveries d WHERE d.state = 0 "
        "AND NOT EXISTS (SELECT 1 FROM hooks h WHERE h.id = d.hook_id) LIMIT ?1)",

    [SQL_API_KEY_ADD] = "INSERT INTO api_keys (user_id, name, hash, hint, scopes, created_ms, "
                        "expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_API_KEY_COUNT] = "SELECT count(*) FROM api_keys WHERE user_id = ?1",
    [SQL_API_KEY_GET] = KEY "WHERE k.id = ?1",
    [SQL_API_KEY_LIST] = KEY "WHERE k.user_id = ?1 ORDER BY k.id",
    [SQL_API_KEY_REMOVE] = "DELETE FROM api_keys WHERE id = ?1 AND user_id = ?2",
    [SQL_API_KEY_USED] = "UPDATE api_keys SET used_ms = ?2 WHERE id = ?1 AND used_ms < ?2 - 59000",

    [SQL_WORKER_BEAT] = "INSERT INTO workers VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (name) DO "
                        "UPDATE SET version = ?2, jobs = ?3, busy = ?4, seen_ms = ?5",
    [SQL_WORKER_GONE] = "DELETE FROM workers WHERE name = ?1",
    [SQL_WORKER_OLD] = "DELETE FROM workers WHERE seen_ms < ?1",
    [SQL_WORKER_LIST] = "SELECT name, version, jobs, busy, seen_ms FROM workers WHERE seen_ms >= "
                        "?1 ORDER BY name",
    [SQL_OLDEST_WAITING] = "SELECT changed_ms FROM tasks INDEXED BY tasks_since WHERE state = 0 "
                           "ORDER BY changed_ms LIMIT 1",
    [SQL_TOTALS] =
        "SELECT (SELECT count(*) FROM users), (SELECT coalesce(sum(bytes_used), 0) FROM users), "
        "(SELECT count(*) FROM deliveries INDEXED BY deliveries_due WHERE state = 0), (SELECT "
        "count(*) FROM deliveries INDEXED BY deliveries_dead WHERE state = 2)",

#define PROFILE                                                                                    \
    "SELECT version, bumper_us, longest_us, fit, max_width, max_height, max_fps, crf, preset, "    \
    "logo_kind, logo, created_ms, shape_tolerance FROM profiles "
    [SQL_PROFILE_GET] = PROFILE "WHERE version = ?1",
    [SQL_PROFILE_NEWEST] = PROFILE "ORDER BY version DESC LIMIT 1",
    [SQL_PROFILE_ADD] =
        "INSERT INTO profiles (version, bumper_us, longest_us, fit, max_width, max_height, "
        "max_fps, crf, preset, logo_kind, logo, created_ms, shape_tolerance) VALUES (?1, ?2, ?3, "
        "?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    [SQL_LOGO_ADD] = "INSERT INTO logos (id, bytes, created_ms) VALUES (?1, ?2, ?3)",
    [SQL_LOGO_KNOWN] = "SELECT 1 FROM logos WHERE id = ?1",
    [SQL_LOGO_TRIM] = "DELETE FROM logos WHERE created_ms < ?1 AND NOT EXISTS "
                      "(SELECT 1 FROM profiles WHERE logo = logos.id)",
    [SQL_LOGO_LIST] = "SELECT id, bytes FROM logos ORDER BY id",

    [SQL_TURN_ADD] = "INSERT OR IGNORE INTO turns (user_id, served) "
                     "SELECT id, served FROM users WHERE id = ?1",
    [SQL_TURN_NEXT] = "SELECT user_id FROM turns ORDER BY served, user_id LIMIT 1",
    [SQL_TURN_SERVED] = "UPDATE turns SET served = ?2 WHERE user_id = ?1",
    [SQL_TURN_END] = "DELETE FROM turns WHERE user_id = ?1",
    [SQL_SEQUENCE] = "UPDATE sequence SET n = n + 1 RETURNING n",
    [SQL_DUE_FIRST] =
        "SELECT id FROM tasks INDEXED BY tasks_due WHERE state = 0 AND due = 1 AND user_id = ?1 "
        "ORDER BY id LIMIT 1",
    [SQL_DUE_ANY] = "SELECT 1 FROM tasks INDEXED BY tasks_due WHERE state = 0 AND due = 1 LIMIT 1",
    [SQL_WAIT_FIRST] =
        "SELECT not_before_ms FROM tasks INDEXED BY tasks_waiting WHERE state = 0 AND due = 0 "
        "ORDER BY not_before_ms LIMIT 1",
    [SQL_WAIT_OVER] =
        "SELECT id, user_id FROM tasks INDEXED BY tasks_waiting WHERE state = 0 AND due = 0 AND "
        "not_before_ms <= ?1 ORDER BY not_before_ms LIMIT 1",
    [SQL_WAIT_FAR] =
        "SELECT id, user_id FROM tasks INDEXED BY tasks_waiting WHERE state = 0 AND due = 0 AND "
        "not_before_ms > ?1 ORDER BY not_before_ms LIMIT 1",
    [SQL_DUE_SET] = "UPDATE tasks SET due = 1 WHERE id = ?1",
};
