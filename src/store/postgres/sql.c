/* Every statement of the PostgreSQL back end. Values are cast, so that they are known to be bigint
 * or text and can travel in binary. */
#include "store/postgres/postgres_impl.h"

#define TASK_COLUMNS                                                                               \
    "id, user_id, state, file_name, title, clip_blob, clip_hash, clip_bytes, reel_blob, "          \
    "poster_blob, reel_bytes, poster_bytes, fit, start_us, created_ms, changed_ms, fence, "        \
    "attempts, progress, lease_until_ms, not_before_ms, worker, error_slug, error_text, report, "  \
    "request, profile, length_us"
#define TASK "SELECT " TASK_COLUMNS " FROM tasks "
#define OWNED                                                                                      \
    "SELECT " TASK_COLUMNS ", (SELECT username FROM users u WHERE u.id = tasks.user_id) FROM "     \
    "tasks "
#define BRIEF "SELECT id, user_id, state, file_name, title, progress FROM tasks "
#define USER_COLUMNS                                                                               \
    "id, username, email, password_hash, admin, created_ms, bytes_used, bytes_limit, "             \
    "tasks_limit, CASE WHEN day = reelgate_now_ms() / 86400000 THEN day_tasks ELSE 0 END"
#define USER "SELECT " USER_COLUMNS " FROM users "
#define KEY                                                                                        \
    "SELECT k.id, k.user_id, k.name, k.hash, k.hint, k.scopes, k.created_ms, k.expires_ms, "       \
    "k.used_ms, u.username, u.admin FROM api_keys k JOIN users u ON u.id = k.user_id "
#define OF_STATE "(1::bigint << state::int) & "
/* Of one user's tasks those that hold a part, in some order; each with its descending one. */
#define SOUGHT                                                                                     \
    TASK "WHERE user_id = $4::bigint AND state <> 4 AND " OF_STATE "$2::bigint <> 0 AND ($5::text" \
         " = '' OR strpos(reelgate_fold(title), reelgate_fold($5::text)) > 0 OR "                  \
         "strpos(reelgate_fold(file_name), reelgate_fold($5::text)) > 0) AND "
#define BY_NUMBER(key, than, way)                                                                  \
    SOUGHT "(" key ", id) " than " ($6::bigint, $1::bigint) ORDER BY " key way ", id" way          \
           " LIMIT nullif($3::bigint, -1)"
#define TITLE "reelgate_fold(CASE title WHEN '' THEN file_name ELSE title END) COLLATE \"C\""
#define BY_TITLE(than, way)                                                                        \
    SOUGHT "($1::bigint IN (0, 9223372036854775807) OR (" TITLE ", id) " than                      \
           " (reelgate_fold($6::text) COLLATE \"C\", $1::bigint)) ORDER BY " TITLE way ", id" way  \
           " LIMIT nullif($3::bigint, -1)"

const char *const pg_sql_text[PG_COUNT_] = {
    [PG_PING] = "SELECT 1::bigint FROM users LIMIT 1",
    [PG_NOW] = "SELECT reelgate_now_ms()",

    [PG_USER_ADD] = "INSERT INTO users (username, email, password_hash, created_ms) "
                    "VALUES ($1::text, $2::text, $3::text, reelgate_now_ms()) RETURNING id",
    [PG_USER_BY_NAME] = USER "WHERE username = $1::text",
    [PG_USER_BY_NAME_OR_EMAIL] = USER "WHERE username = $1::text OR lower(email) = lower($1::text) "
                                      "ORDER BY username = $1::text DESC LIMIT 1",
    [PG_USER_BY_ID] = USER "WHERE id = $1::bigint",
    [PG_USER_PASSWORD] = "UPDATE users SET password_hash = $2::text WHERE id = $1::bigint "
                         "RETURNING id",
    [PG_USER_LIST] = USER "WHERE id > $1::bigint ORDER BY id LIMIT nullif($2::bigint, -1)",

    [PG_USER_SEARCH] =
        "SELECT " USER_COLUMNS ", (SELECT count(*) FROM tasks t WHERE t.user_id = users.id AND "
        "t.state <> 4) FROM users WHERE id > $1::bigint AND ($3::text = '' OR "
        "strpos(lower(username), lower($3::text)) > 0 OR strpos(lower(email), lower($3::text)) > "
        "0) ORDER BY id LIMIT nullif($2::bigint, -1)",
    /* Of two who take the role from the last two admins, one waits for the other here. */
    [PG_USER_SET] =
        "WITH a AS (SELECT id FROM users WHERE admin = 1 AND $6::bigint <> 0 ORDER BY id FOR NO "
        "KEY UPDATE) UPDATE users SET admin = CASE WHEN $5::bigint & 1 <> 0 THEN $2::bigint ELSE "
        "admin END, bytes_limit = CASE WHEN $5::bigint & 2 <> 0 THEN $3::bigint ELSE bytes_limit "
        "END, tasks_limit = CASE WHEN $5::bigint & 4 <> 0 THEN $4::bigint ELSE tasks_limit END "
        "WHERE id = $1::bigint AND ($6::bigint = 0 OR admin = 0 OR EXISTS (SELECT 1 FROM a WHERE "
        "a.id <> $1::bigint)) RETURNING id",

    [PG_TASK_ADD] =
        "SELECT answer, id FROM reelgate_task_add_under($1::bigint, $2::text, $3::text, "
        "$4::text, $5::text, $6::bigint, $7::bigint, $8::bigint, $9::text, "
        "$10::bigint, $11::bigint, $12::text, $13::bigint)",
    [PG_TASK_BY_ID] = TASK "WHERE id = $1::bigint",
    [PG_TASK_BY_KEY] =
        TASK "WHERE id = (SELECT task_id FROM idempotency WHERE user_id = $1::bigint "
             "AND key = $2::text) AND state <> 4",
    [PG_KEY_ASKED] = "SELECT title, fit, start_us FROM idempotency WHERE user_id = $1::bigint AND "
                     "key = $2::text AND title IS NOT NULL",
    [PG_TASK_BY_CLIP] = TASK "WHERE clip_blob = $1::text AND state <> 4",
    [PG_TASK_BY_REEL] = TASK "WHERE reel_blob = $1::text AND reel_blob <> '' AND state <> 4",
    [PG_TASK_BY_POSTER] = TASK "WHERE poster_blob = $1::text AND poster_blob <> '' AND state <> 4",
    [PG_LIST_ALL] = TASK "WHERE id > $1::bigint AND " OF_STATE
                         "$2::bigint <> 0 ORDER BY id LIMIT nullif($3::bigint, -1)",
    [PG_LIST_ALL_DOWN] = TASK "WHERE id < $1::bigint AND " OF_STATE
                              "$2::bigint <> 0 ORDER BY id DESC LIMIT nullif($3::bigint, -1)",
    [PG_LIST_USER] =
        TASK "WHERE user_id = $4::bigint AND state <> 4 AND id > $1::bigint AND " OF_STATE
             "$2::bigint <> 0 ORDER BY id LIMIT nullif($3::bigint, -1)",
    [PG_LIST_USER_DOWN] =
        TASK "WHERE user_id = $4::bigint AND state <> 4 AND id < $1::bigint AND " OF_STATE
             "$2::bigint <> 0 ORDER BY id DESC LIMIT nullif($3::bigint, -1)",
    [PG_LIST_BRIEF] =
        BRIEF "WHERE user_id = $4::bigint AND state <> 4 AND id > $1::bigint AND " OF_STATE
              "$2::bigint <> 0 ORDER BY id LIMIT nullif($3::bigint, -1)",
    [PG_LIST_BRIEF_DOWN] =
        BRIEF "WHERE user_id = $4::bigint AND state <> 4 AND id < $1::bigint AND " OF_STATE
              "$2::bigint <> 0 ORDER BY id DESC LIMIT nullif($3::bigint, -1)",
    [PG_LIST_UPLOADED] = TASK "WHERE state = 0 AND id > $1::bigint AND " OF_STATE
                              "$2::bigint <> 0 ORDER BY id LIMIT nullif($3::bigint, -1)",
    [PG_LIST_DELETED] = TASK "WHERE state = 4 AND id > $1::bigint AND " OF_STATE
                             "$2::bigint <> 0 ORDER BY id LIMIT nullif($3::bigint, -1)",
    [PG_SOUGHT_CREATED] = SOUGHT "id > $1::bigint ORDER BY id LIMIT nullif($3::bigint, -1)",
    [PG_SOUGHT_CREATED_DOWN] =
        SOUGHT "id < $1::bigint ORDER BY id DESC LIMIT nullif($3::bigint, -1)",
    [PG_SOUGHT_TITLE] = BY_TITLE(">", ""),
    [PG_SOUGHT_TITLE_DOWN] = BY_TITLE("<", " DESC"),
    [PG_SOUGHT_SIZE] = BY_NUMBER("clip_bytes", ">", ""),
    [PG_SOUGHT_SIZE_DOWN] = BY_NUMBER("clip_bytes", "<", " DESC"),
    [PG_SOUGHT_LENGTH] = BY_NUMBER("length_us", ">", ""),
    [PG_SOUGHT_LENGTH_DOWN] = BY_NUMBER("length_us", "<", " DESC"),
    [PG_OWNED] = OWNED "WHERE state <> 4 AND id > $1::bigint AND " OF_STATE
                       "$2::bigint <> 0 ORDER BY id LIMIT nullif($3::bigint, -1)",
    [PG_OWNED_DOWN] = OWNED "WHERE state <> 4 AND id < $1::bigint AND " OF_STATE
                            "$2::bigint <> 0 ORDER BY id DESC LIMIT nullif($3::bigint, -1)",
    [PG_OWNED_UPLOADED] = OWNED "WHERE state = 0 AND id > $1::bigint AND " OF_STATE
                                "$2::bigint <> 0 ORDER BY id LIMIT nullif($3::bigint, -1)",
    [PG_OWNED_UPLOADED_DOWN] =
        OWNED "WHERE state = 0 AND id < $1::bigint AND " OF_STATE
              "$2::bigint <> 0 ORDER BY id DESC LIMIT nullif($3::bigint, -1)",
    [PG_OWNED_PROCESSING] = OWNED "WHERE state = 1 AND id > $1::bigint AND " OF_STATE
                                  "$2::bigint <> 0 ORDER BY id LIMIT nullif($3::bigint, -1)",
    [PG_OWNED_PROCESSING_DOWN] =
        OWNED "WHERE state = 1 AND id < $1::bigint AND " OF_STATE
              "$2::bigint <> 0 ORDER BY id DESC LIMIT nullif($3::bigint, -1)",
    [PG_OWNED_FAILED] = OWNED "WHERE state = 3 AND id > $1::bigint AND " OF_STATE
                              "$2::bigint <> 0 ORDER BY id LIMIT nullif($3::bigint, -1)",
    [PG_OWNED_FAILED_DOWN] = OWNED "WHERE state = 3 AND id < $1::bigint AND " OF_STATE
                                   "$2::bigint <> 0 ORDER BY id DESC LIMIT nullif($3::bigint, -1)",

    [PG_TASK_CHANGE] =
        "SELECT reelgate_task_change($1::bigint, $2::bigint, $3::bigint, $4::bigint, "
        "$5::bigint, $6::bigint, $7::bigint, $8::bigint, $9::text, $10::text, "
        "$11::text, $12::text, $13::bigint, $14::bigint, $15::text, "
        "$16::text)",
    [PG_TASK_REMAKE] =
        "SELECT reelgate_task_remake($1::bigint, $2::bigint, $3::bigint, $4::bigint, "
        "$5::bigint, $6::bigint, $7::bigint, $8::bigint, $9::text, $10::text, "
        "$11::text, $12::text, $13::bigint, $14::bigint, $15::text, "
        "$16::text, $17::bigint, $18::bigint)",
    [PG_TASK_RENAME] = "UPDATE tasks SET title = $3::text WHERE id = $1::bigint AND state <> 4 "
                       "AND ($2::bigint = 0 OR user_id = $2::bigint) RETURNING id",
    [PG_TASK_MARK] = "SELECT id FROM tasks WHERE id = $1::bigint AND mark = $2::text",
    /* The function's changes are seen by a second statement only, so the claim is two. */
    [PG_TASK_CLAIM] = "SELECT reelgate_claim($1::text, $2::bigint)",
    [PG_TASK_RENEW] =
        "UPDATE tasks SET lease_until_ms = reelgate_now_ms() + $3::bigint, progress = $4::bigint "
        "WHERE id = $1::bigint AND fence = $2::bigint AND state = 1 RETURNING id",
    [PG_TASK_HELD] =
        "SELECT id FROM tasks WHERE id = $1::bigint AND fence = $2::bigint AND state = 1",
    [PG_TASK_EXPIRED] = TASK "WHERE state = 1 AND lease_until_ms <= reelgate_now_ms() "
                             "ORDER BY lease_until_ms LIMIT $1::bigint",
    [PG_NEXT_DUE] =
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM tasks WHERE state = 0 AND due = 1) THEN 0 "
        "ELSE (SELECT greatest(not_before_ms - reelgate_now_ms(), 0) FROM tasks "
        "WHERE state = 0 AND due = 0 ORDER BY not_before_ms LIMIT 1) END::bigint",
    [PG_TASK_PURGE] = "DELETE FROM tasks WHERE id = $1::bigint AND state = 4",
    [PG_COUNTS] = "SELECT state, sum(n)::bigint FROM task_counts GROUP BY state",
    /* Round by round: of each user the first, then the second. */
    [PG_LINE] =
        "WITH u AS MATERIALIZED (SELECT user_id, served FROM turns ORDER BY served, user_id LIMIT "
        "$1::bigint) SELECT t.id, u.user_id FROM u CROSS JOIN LATERAL (SELECT x.id, row_number() "
        "OVER (ORDER BY x.id) AS round FROM (SELECT id FROM tasks WHERE state = 0 AND due = 1 AND "
        "user_id = u.user_id ORDER BY id LIMIT (SELECT $1::bigint / greatest(count(*), 1) + 1 FROM "
        "u)) x) t ORDER BY t.round, u.served, u.user_id LIMIT $1::bigint",
    [PG_LINE_PACE] =
        "SELECT coalesce((SELECT avg(took_ms)::bigint FROM (SELECT took_ms FROM tasks WHERE state "
        "= 2 AND took_ms > 0 ORDER BY changed_ms DESC LIMIT 32) x), 0), (SELECT "
        "coalesce(sum(jobs), "
        "0)::bigint FROM workers WHERE seen_ms >= reelgate_now_ms() - $1::bigint), (SELECT "
        "coalesce(sum(n), 0)::bigint FROM task_counts WHERE state = 1)",

    [PG_OUTBOX_READ] = "SELECT id, task_id FROM outbox ORDER BY id LIMIT $1::bigint",
    [PG_OUTBOX_DONE] = "DELETE FROM outbox WHERE id <= $1::bigint",

    [PG_API_KEY_ADD] =
        "INSERT INTO api_keys (user_id, name, hash, hint, scopes, created_ms, expires_ms) SELECT "
        "$1::bigint, $2::text, $3::text, $4::text, $5::bigint, n.ms, CASE WHEN $6::bigint = 0 THEN "
        "0 ELSE n.ms + $6::bigint END FROM (SELECT reelgate_now_ms() AS ms) n WHERE "
        "(SELECT count(*) FROM api_keys WHERE user_id = $1::bigint) < $7::bigint "
        "RETURNING id, created_ms, expires_ms",
    [PG_API_KEY_GET] = KEY "WHERE k.id = $1::bigint",
    [PG_API_KEY_LIST] = KEY "WHERE k.user_id = $1::bigint ORDER BY k.id",
    [PG_API_KEY_REMOVE] =
        "DELETE FROM api_keys WHERE id = $1::bigint AND user_id = $2::bigint RETURNING id",
    [PG_API_KEY_USED] = "UPDATE api_keys SET used_ms = reelgate_now_ms() WHERE id = $1::bigint AND "
                        "used_ms < reelgate_now_ms() - 59000 RETURNING id",

    [PG_WORKER_BEAT] = "INSERT INTO workers VALUES ($1::text, $2::text, $3::bigint, $4::bigint, "
                       "reelgate_now_ms()) ON CONFLICT (name) DO UPDATE SET version = $2::text, "
                       "jobs = $3::bigint, busy = $4::bigint, seen_ms = excluded.seen_ms",
    [PG_WORKER_GONE] = "DELETE FROM workers WHERE name = $1::text",
    [PG_WORKER_OLD] = "DELETE FROM workers WHERE seen_ms < reelgate_now_ms() - $1::bigint",
    [PG_WORKER_LIST] = "SELECT name, version, jobs, busy, seen_ms FROM workers WHERE seen_ms >= "
                       "reelgate_now_ms() - $1::bigint ORDER BY name",
    [PG_OLDEST_WAITING] = "SELECT greatest(reelgate_now_ms() - changed_ms, 0) FROM tasks WHERE "
                          "state = 0 ORDER BY changed_ms LIMIT 1",
    [PG_TOTALS] = "SELECT (SELECT count(*) FROM users), (SELECT coalesce(sum(bytes_used), "
                  "0)::bigint FROM users), (SELECT count(*) FROM deliveries WHERE state = 0), "
                  "(SELECT count(*) FROM deliveries WHERE state = 2)",

#define PROFILE                                                                                    \
    "SELECT version, bumper_us, longest_us, fit, max_width, max_height, max_fps, crf, preset, "    \
    "logo_kind, coalesce(logo, ''), created_ms, shape_tolerance FROM profiles "
    [PG_PROFILE_GET] = PROFILE "WHERE version = $1::bigint",
    [PG_PROFILE_NEWEST] = PROFILE "ORDER BY version DESC LIMIT 1",
    [PG_PROFILE_ADD] =
        "INSERT INTO profiles (version, bumper_us, longest_us, fit, max_width, max_height, "
        "max_fps, crf, preset, logo_kind, logo, created_ms, shape_tolerance) SELECT $1::bigint + "
        "1, $2::bigint, "
        "$3::bigint, $4::bigint, $5::bigint, $6::bigint, $7::bigint, $8::bigint, $9::text, "
        "$10::bigint, $11::text, reelgate_now_ms(), $12::bigint WHERE $1::bigint = "
        "(SELECT coalesce(max(version), 0) FROM profiles) RETURNING created_ms",
    [PG_LOGO_ADD] = "INSERT INTO logos (id, bytes, created_ms) VALUES ($1::text, $2::bigint, "
                    "reelgate_now_ms()) ON CONFLICT DO NOTHING",
    [PG_LOGO_KNOWN] = "SELECT id FROM logos WHERE id = $1::text",
    [PG_LOGO_TRIM] = "DELETE FROM logos WHERE created_ms < reelgate_now_ms() - $1::bigint AND NOT "
                     "EXISTS (SELECT 1 FROM profiles WHERE logo = logos.id)",
    [PG_LOGO_LIST] = "SELECT id, bytes FROM logos ORDER BY id",

#define EVENT                                                                                      \
    "SELECT id, user_id, task_id, kind, progress, error_slug, created_ms, again FROM events "
    [PG_EVENT_LIST] =
        EVENT "WHERE user_id = $1::bigint AND id > $2::bigint ORDER BY id LIMIT $3::bigint",
    [PG_EVENT_LIST_TASK] = EVENT "WHERE task_id = $4::bigint AND user_id = $1::bigint AND "
                                 "id > $2::bigint ORDER BY id LIMIT $3::bigint",
    [PG_EVENT_USERS] = "SELECT user_id, max(id) FROM events WHERE id > $1::bigint GROUP BY user_id",
    [PG_EVENT_SPAN] = "SELECT coalesce((SELECT max(id) FROM events), 0), id FROM events_forgotten",
    [PG_EVENT_SPAN_USER] = "SELECT coalesce((SELECT max(id) FROM events WHERE user_id = "
                           "$1::bigint), 0), id FROM events_forgotten",
    [PG_EVENT_TRIM] = "SELECT reelgate_events_trim($1::bigint, $2::bigint)",

#define UPLOAD                                                                                     \
    "SELECT id, user_id, length_bytes, offset_bytes, file_name, title, idempotency_key, "          \
    "clip_blob, fit, start_us, wish, holder, expires_ms, task_id, request FROM uploads "
    [PG_UPLOAD_ADD] =
        "INSERT INTO uploads (id, user_id, length_bytes, file_name, title, idempotency_key, "
        "clip_blob, fit, start_us, expires_ms, request) SELECT $1::text, $2::bigint, $3::bigint, "
        "$4::text, "
        "$5::text, $6::text, $7::text, $8::bigint, $9::bigint, reelgate_now_ms() + $10::bigint, "
        "$12::text FROM users u WHERE u.id = $2::bigint AND u.bytes_used + $3::bigint + "
        "(SELECT coalesce(sum(length_bytes), 0) FROM uploads WHERE user_id = $2::bigint AND "
        "task_id = 0) <= coalesce(nullif(CASE WHEN u.bytes_limit < 0 THEN $11::bigint ELSE "
        "u.bytes_limit END, 0), 9223372036854775807) RETURNING expires_ms",
    [PG_UPLOAD_OPEN] = "SELECT count(*) FROM uploads WHERE user_id = $1::bigint AND task_id = 0",
    [PG_UPLOAD_ADVANCE] = "UPDATE uploads SET offset_bytes = $4::bigint, holder = 0, expires_ms = "
                          "reelgate_now_ms() + $5::bigint WHERE id = $1::text AND holder = "
                          "$2::bigint AND offset_bytes = $3::bigint RETURNING offset_bytes",
    [PG_UPLOAD_EXPIRED] =
        UPLOAD "WHERE expires_ms <= reelgate_now_ms() ORDER BY expires_ms LIMIT $1::bigint",
    [PG_UPLOAD_WHOLE] = UPLOAD "WHERE task_id = 0 AND offset_bytes = length_bytes AND expires_ms "
                               "<= reelgate_now_ms() + $2::bigint LIMIT $1::bigint",
    [PG_UPLOAD_GET] = UPLOAD "WHERE id = $1::text AND ($2::bigint = 0 OR user_id = $2::bigint)",
    [PG_UPLOAD_WISH] = "UPDATE uploads SET wish = wish + 1 WHERE id = $1::text AND user_id = "
                       "$2::bigint RETURNING wish",
    [PG_UPLOAD_HOLD] = "UPDATE uploads SET holder = $2::bigint WHERE id = $1::text AND wish = "
                       "$2::bigint AND (holder = 0 OR $3::bigint <> 0) RETURNING holder",
    [PG_UPLOAD_FINISH] =
        "UPDATE uploads SET task_id = $2::bigint WHERE id = $1::text RETURNING task_id",
    [PG_UPLOAD_REMOVE] = "DELETE FROM uploads WHERE id = $1::text",
    [PG_UPLOAD_FREE_ALL] = "UPDATE uploads SET holder = 0 WHERE holder <> 0",
#define HOOK                                                                                       \
    "SELECT id, user_id, url, kinds, description, enabled, secret, old_secret, old_until_ms, "     \
    "created_ms FROM hooks "
#define DELIVERY                                                                                   \
    "id, hook_id, user_id, event_id, task_id, kind, progress, error_slug, title, file_name, "      \
    "reel_blob, created_ms, state, fence, tries, next_ms, status, error, ended_ms"
    [PG_HOOK_ADD] =
        "INSERT INTO hooks (user_id, url, kinds, description, enabled, secret, created_ms) "
        "SELECT $1::bigint, $2::text, $3::bigint, $4::text, $5::bigint, $6::text, "
        "reelgate_now_ms() WHERE (SELECT count(*) FROM hooks WHERE user_id = $1::bigint) < "
        "$7::bigint RETURNING id",
    [PG_HOOK_GET] = HOOK "WHERE id = $1::bigint AND ($2::bigint = 0 OR user_id = $2::bigint)",
    [PG_HOOK_LIST] = HOOK "WHERE user_id = $1::bigint ORDER BY id",
    [PG_HOOK_SET] = "UPDATE hooks SET url = $3::text, kinds = $4::bigint, description = $5::text, "
                    "enabled = $6::bigint WHERE id = $1::bigint AND user_id = $2::bigint "
                    "RETURNING id",
    [PG_HOOK_SECRET] = "UPDATE hooks SET old_secret = secret, "
                       "old_until_ms = reelgate_now_ms() + $4::bigint, secret = $3::text "
                       "WHERE id = $1::bigint AND user_id = $2::bigint RETURNING id",
    [PG_HOOK_REMOVE] =
        "WITH gone AS (DELETE FROM hooks WHERE id = $1::bigint AND user_id = $2::bigint "
        "RETURNING id), rest AS (DELETE FROM deliveries WHERE hook_id IN (SELECT id FROM gone)) "
        "SELECT id FROM gone",
    [PG_DELIVERY_TEST] =
        "INSERT INTO deliveries (hook_id, user_id, event_id, task_id, kind, progress, error_slug, "
        "title, file_name, reel_blob, created_ms, next_ms) SELECT id, user_id, 0, 0, $3::bigint, "
        "0, '', '', '', '', reelgate_now_ms(), reelgate_now_ms() FROM hooks "
        "WHERE id = $1::bigint AND user_id = $2::bigint RETURNING id",
    [PG_DELIVERY_LIST] = "SELECT " DELIVERY " FROM deliveries WHERE hook_id = $1::bigint AND "
                         "user_id = $2::bigint AND id < $3::bigint ORDER BY id DESC "
                         "LIMIT $4::bigint",
    [PG_DELIVERY_REPLAY] = "UPDATE deliveries SET state = 0, tries = 0, ended_ms = 0, "
                           "next_ms = reelgate_now_ms() WHERE id = $1::bigint AND "
                           "hook_id = $2::bigint AND user_id = $3::bigint RETURNING id",
    /* From one hook to the next in the index, not through all that waits. */
    [PG_DELIVERY_DUE] =
        "WITH RECURSIVE w (hook) AS ((SELECT hook_id FROM deliveries WHERE state = 0 "
        "ORDER BY hook_id LIMIT 1) UNION ALL SELECT (SELECT hook_id FROM deliveries "
        "WHERE state = 0 AND hook_id > w.hook ORDER BY hook_id LIMIT 1) FROM w "
        "WHERE w.hook IS NOT NULL) SELECT h.id, h.user_id, (SELECT next_ms FROM deliveries "
        "WHERE state = 0 AND hook_id = h.id ORDER BY next_ms LIMIT 1) - reelgate_now_ms() AS due "
        "FROM w JOIN hooks h ON h.id = w.hook WHERE h.enabled = 1 ORDER BY due",
    [PG_DELIVERY_CLAIM] =
        "UPDATE deliveries SET fence = fence + 1, tries = tries + 1, "
        "next_ms = reelgate_now_ms() + $2::bigint WHERE id = ANY (ARRAY(SELECT id FROM deliveries "
        "WHERE state = 0 AND hook_id = $1::bigint AND next_ms <= reelgate_now_ms() "
        "ORDER BY next_ms LIMIT $3::bigint FOR UPDATE SKIP LOCKED)) RETURNING " DELIVERY,
    [PG_DELIVERY_SETTLE] =
        "UPDATE deliveries SET state = $3::bigint, next_ms = reelgate_now_ms() + $4::bigint, "
        "status = $5::bigint, error = $6::text, ended_ms = CASE WHEN $3::bigint = 0 THEN 0 "
        "ELSE reelgate_now_ms() END WHERE id = $1::bigint AND fence = $2::bigint AND state = 0 "
        "RETURNING id",
    [PG_DELIVERY_TRIM] =
        "WITH gone AS (DELETE FROM deliveries WHERE id = ANY (ARRAY(SELECT id FROM deliveries "
        "WHERE state <> 0 AND ended_ms < reelgate_now_ms() - $1::bigint ORDER BY ended_ms "
        "LIMIT $2::bigint)) RETURNING id) SELECT count(*) FROM gone",
    [PG_DELIVERY_LOST] =
        "WITH gone AS (DELETE FROM deliveries WHERE id = ANY (ARRAY(SELECT d.id FROM deliveries d "
        "WHERE d.state = 0 AND NOT EXISTS (SELECT 1 FROM hooks h WHERE h.id = d.hook_id) "
        "LIMIT $1::bigint)) RETURNING id) SELECT count(*) FROM gone",
};
