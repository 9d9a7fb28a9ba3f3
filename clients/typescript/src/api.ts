// Made of api/openapi.yaml by script/client; change that file, not this one.
export interface paths {
    "/api/auth/signup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sign up */
        post: operations["signUp"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log in
         * @description The e-mail address of the user counts as a name. A wrong password and an unknown name look alike.
         */
        post: operations["logIn"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/login/ping": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Ask the log-in for a sign of life */
        get: operations["pingLogIn"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/signup/ping": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Ask the sign-up for a sign of life */
        get: operations["pingSignUp"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ping": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Ask for a sign of life */
        get: operations["ping"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Ask whether the service and its database are well */
        get: operations["health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Ask whether to send work here
         * @description For load balancers. Without the queue tasks are taken and done all the same, a little later. May take two seconds.
         */
        get: operations["ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the figures of this process
         * @description In the text format of Prometheus. `--metrics-listen` tells them at an address of its own, to whoever reaches it.
         */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Ask who the token or key stands for */
        get: operations["whoAmI"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the keys of the caller */
        get: operations["listKeys"];
        put?: never;
        /**
         * Make an API key
         * @description A key makes no key that can do more or lives longer than itself.
         */
        post: operations["addKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/keys/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 1 */
                key_id: components["schemas"]["Id"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete a key
         * @description It stops at once in the process that deletes it, and within five seconds in others.
         */
        delete: operations["deleteKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the tasks of the caller */
        get: operations["listTasks"];
        put?: never;
        /**
         * Upload a clip in one request
         * @description The answer comes when the clip is durable. For slow or breaking lines see `POST /api/uploads`.
         */
        post: operations["addTask"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow all tasks of the caller
         * @description The first event is `hello`, with the id after which events follow. `Last-Event-ID` makes those that were missed follow;
         *     when they are gone for their age, the first event is `reset`, and the list should be asked for anew. A quiet stream
         *     sends a comment every 15 seconds. Streams end after an hour.
         */
        get: operations["followTasks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 7 */
                task_id: components["parameters"]["task_id"];
            };
            cookie?: never;
        };
        /** Look at a task */
        get: operations["getTask"];
        put?: never;
        post?: never;
        /**
         * Delete a task, its clip and its reel
         * @description What works on it is stopped within a second.
         */
        delete: operations["deleteTask"];
        options?: never;
        head?: never;
        /**
         * Change the title of a task, or how its reel is made
         * @description What is not named stays. Another `title` is all there is to it: nothing is made, and files are downloaded under it. Another `fit`
         *     or `start` makes the reel anew: the task waits for its turn again (`uploaded`), whatever state it was in, and an attempt under way ends. The
         *     reel that it had stays under the links that were given out until the new one is there, and counts as kept meanwhile.
         */
        patch: operations["changeTask"];
        trace?: never;
    };
    "/api/tasks/{task_id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 7 */
                task_id: components["parameters"]["task_id"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Try a failed task again */
        post: operations["retryTask"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task_id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 7 */
                task_id: components["parameters"]["task_id"];
            };
            cookie?: never;
        };
        /** Follow one task */
        get: operations["followTask"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begin an upload in pieces
         * @description With a body, the body is its first piece.
         */
        post: operations["createUpload"];
        delete?: never;
        /** Ask what of tus the server knows */
        options: operations["uploadAbilities"];
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/uploads/{upload_id}": {
        parameters: {
            query?: never;
            header: {
                "Tus-Resumable": components["parameters"]["TusResumable"];
            };
            path: {
                /** @example 01J9Z3K5 */
                upload_id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Give an upload up
         * @description A task that was made of it stays.
         */
        delete: operations["deleteUpload"];
        options?: never;
        /**
         * Ask how far an upload is
         * @description Ends an older connection that still sends pieces of it.
         */
        head: operations["getUpload"];
        /**
         * Send a piece
         * @description What is acknowledged is durable. The last byte makes the task, which `Reelgate-Task` names.
         */
        patch: operations["sendPiece"];
        trace?: never;
    };
    "/api/hooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the hooks of the caller */
        get: operations["listHooks"];
        put?: never;
        /** Ask to be told of events by requests */
        post: operations["addHook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hooks/{hook_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 1 */
                hook_id: components["parameters"]["hook_id"];
            };
            cookie?: never;
        };
        /** Look at a hook */
        get: operations["getHook"];
        put?: never;
        post?: never;
        /** Delete a hook and its log */
        delete: operations["deleteHook"];
        options?: never;
        head?: never;
        /** Change a hook */
        patch: operations["changeHook"];
        trace?: never;
    };
    "/api/hooks/{hook_id}/secret": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 1 */
                hook_id: components["parameters"]["hook_id"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make a new secret
         * @description The old one signs too for 24 hours.
         */
        post: operations["renewHookSecret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hooks/{hook_id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 1 */
                hook_id: components["parameters"]["hook_id"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a test to a hook
         * @description Its type is `hook.test`.
         */
        post: operations["testHook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hooks/{hook_id}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 1 */
                hook_id: components["parameters"]["hook_id"];
            };
            cookie?: never;
        };
        /** Read the log of a hook */
        get: operations["listDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hooks/{hook_id}/deliveries/{delivery_id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 1 */
                hook_id: components["parameters"]["hook_id"];
                delivery_id: components["schemas"]["Id"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a delivery again */
        post: operations["replayDelivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** See how the whole service does */
        get: operations["adminOverview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the users */
        get: operations["adminListUsers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 1 */
                user_id: components["schemas"]["Id"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change the role or the limits of a user
         * @description What is not named stays. A change of role is seen at once by the server that makes it, and within five seconds by others.
         */
        patch: operations["adminChangeUser"];
        trace?: never;
    };
    "/api/admin/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the tasks of all users */
        get: operations["adminListTasks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/tasks/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give failed tasks a fresh start
         * @description Those of a list, or all that failed, of any user. Of a list, tasks that are gone or not failed are passed over. All that
         *     failed are taken in the order of their ids, at most 1000 a request: where `after` of the answer is a number, the
         *     next request with it goes on there.
         */
        post: operations["adminRetryTasks"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/profile": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Look at the profile
         * @description The version by which tasks are made that come now, or an earlier one. Version 0 is what the settings say.
         */
        get: operations["getProfile"];
        /**
         * Change the profile
         * @description Values that are not there stay as they are. A change makes the next version, and holds for tasks that come from now on:
         *     those that are there keep the version that they were made under.
         */
        put: operations["changeProfile"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/profile/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * See the logo part of a reel before the profile is changed
         * @description One at a time, so that reels go on being made; who comes too much is 503 with `Retry-After`.
         */
        post: operations["previewProfile"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/logos": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Upload a logo
         * @description It is looked at in the same jail as clips. One that no version of the profile names is forgotten after an hour or two.
         */
        post: operations["addLogo"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/video/download/{year}/{month}/{day}/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 2026 */
                year: components["parameters"]["year"];
                /** @example 11 */
                month: components["parameters"]["month"];
                /** @example 25 */
                day: components["parameters"]["day"];
                /** @example 01J9Z3K5.mp4 */
                name: components["parameters"]["name"];
            };
            cookie?: never;
        };
        /**
         * Get a reel
         * @description By the link that the task tells (`exp` and `sig`), which is good for an hour by default and needs no token; or by the token
         *     of the owner. One range at a time.
         */
        get: operations["downloadReel"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/video/poster/{year}/{month}/{day}/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 2026 */
                year: components["parameters"]["year"];
                /** @example 11 */
                month: components["parameters"]["month"];
                /** @example 25 */
                day: components["parameters"]["day"];
                /** @example 01J9Z3K5.mp4 */
                name: components["parameters"]["name"];
            };
            cookie?: never;
        };
        /**
         * Get the poster of a reel
         * @description As for the reel itself.
         */
        get: operations["downloadPoster"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The web app */
        get: operations["page"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/assets/{part}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Scripts and styles of the pages
         * @description Their names change with their content, so browsers keep them for good.
         */
        get: operations["pagePart"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/favicon.svg": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The icon of the pages */
        get: operations["icon"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This description, as JSON */
        get: operations["description"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This description, to read in a browser */
        get: operations["reference"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface webhooks {
    event: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What a receiver is sent
         * @description At least once for each event; `webhook-id` is the same each time, also for a replay. Anything but 2xx within 10 seconds is sent
         *     again later. `webhook-signature` holds `v1,` and the Base64 of HMAC-SHA256 over `id.timestamp.body` under the secret
         *     (without `whsec_`, out of Base64); two of them for a day after a new secret was made.
         */
        post: operations["told"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface components {
    schemas: {
        Id: number;
        /**
         * Format: date-time
         * @example 2026-11-25T07:00:00.000Z
         */
        Time: string;
        Message: {
            message: string;
        };
        Error: {
            /** @description For people. */
            message: string;
            /** @description For programs. */
            code: string;
            /** @description As in `X-Request-Id` and in the log. */
            request_id: string;
            /** @description `message` again, where the status is 401. */
            msg?: string;
            /**
             * @description Which query parameter, field of the form, key of `Upload-Metadata`, field of the JSON or header is at fault, as it is written in the request. There with every code that says so of one of them.
             * @example fit
             */
            parameter?: string;
            /**
             * @description What it may be, in English, with the numbers of this server. There wherever `parameter` is.
             * @example pad, blur, crop, stretch
             * @example 0 to 86400 (seconds)
             * @example a whole number from 0
             */
            allowed?: string;
        };
        Stranger: WithRequired<components["schemas"]["Error"], "msg">;
        SignUp: {
            username: string;
            email: string;
            /**
             * Format: password
             * @description At most 128 bytes.
             */
            password1: string;
            /**
             * Format: password
             * @description The same again.
             */
            password2: string;
        };
        LogIn: {
            username: string;
            /** Format: password */
            password: string;
        };
        Scopes: ("read" | "upload" | "delete" | "admin")[];
        Me: {
            id: components["schemas"]["Id"];
            username: string;
            email: string;
            /** @enum {unknown} */
            role: "user" | "admin";
            scopes: components["schemas"]["Scopes"];
            quota: {
                bytes_used: number;
                /** @description `null`: none. */
                bytes_limit: number | null;
                /** @description Of the day of UTC. */
                tasks_today: number;
                /** @description `null`: none. */
                tasks_limit: number | null;
            };
            /** @description What a program has to know before it sends a clip. */
            limits: {
                /** @description The largest clip. */
                upload_bytes: number;
                /** @description All that the user may keep; 0: no limit. */
                quota_bytes: number;
                /** @description Of that, what is kept: clips, reels, posters. */
                used_bytes: number;
            };
            /** @description How reels are made now. */
            profile: {
                /** @description Length of the logo part at each end. */
                bumper_s: number;
                /** @description Longest reel, logo parts included. */
                longest_s: number;
                fit: components["schemas"]["Fit"];
            };
            /**
             * @description Media types and endings to offer where a clip is chosen, as the `accept` of a file input has them. A hint for people: what a file is, its bytes decide, and a photo that moves is taken though most photos are not.
             * @example [
             *       "video/*",
             *       ".mp4",
             *       ".mov"
             *     ]
             */
            accept: string[];
        };
        Overview: {
            /** @description Of all users, by state. */
            tasks: {
                uploaded: number;
                processing: number;
                processed: number;
                failed: number;
            };
            /** @description How long the oldest `uploaded` task has waited; `null`: none does. */
            oldest_waiting_ms: number | null;
            /** @description Who was heard of within the last 20 seconds. A server works too, unless it was told not to. */
            workers: {
                /** @description Host, process, and a part that no other start of it has. */
                name: string;
                version: string;
                /** @description Attempts that it can make at once. */
                jobs: number;
                /** @description Attempts that it makes. */
                busy: number;
                seen: components["schemas"]["Time"];
            }[];
            storage: {
                /** @description That clips and reels may still take; `null`: an object storage does not tell. */
                free_bytes: number | null;
                /** @description Of the whole disk. */
                total_bytes: number | null;
                /** @description Clips, reels and posters of all users. */
                used_bytes: number;
            };
            /** @description Deliveries to webhooks. */
            hooks: {
                waiting: number;
                /** @description Given up. */
                dead: number;
            };
        };
        User: {
            id: components["schemas"]["Id"];
            username: string;
            email: string;
            /** @enum {unknown} */
            role: "user" | "admin";
            created: components["schemas"]["Time"];
            bytes_used: number;
            bytes_limit: components["schemas"]["OwnLimit"];
            tasks_limit: components["schemas"]["OwnLimit"];
            /** @description That are not deleted. */
            tasks: number;
        };
        UserChange: {
            /** @enum {unknown} */
            role?: "user" | "admin";
            bytes_limit?: components["schemas"]["OwnLimit"];
            tasks_limit?: components["schemas"]["OwnLimit"];
        };
        /** @description A limit of this user alone; 0: none; `null`: as the settings say. `tasks_limit` is for a day of UTC. */
        OwnLimit: number | null;
        KeyNew: {
            name: string;
            scopes: ("read" | "upload" | "delete" | "admin")[];
            /** @description Seconds; without it the key is good for ever. */
            expires_in?: number | null;
        };
        Key: {
            id: components["schemas"]["Id"];
            name: string;
            scopes: components["schemas"]["Scopes"];
            created: components["schemas"]["Time"];
            expires: null | components["schemas"]["Time"];
            /** @description Right to about a minute. */
            last_used: null | components["schemas"]["Time"];
            prefix: string;
        };
        /**
         * @description How a clip that is not 16:9 is brought there: with bars, with its own blurred picture, by cutting, or by stretching.
         * @enum {string}
         */
        Fit: "pad" | "blur" | "crop" | "stretch";
        /** @enum {string} */
        TaskState: "uploaded" | "processing" | "processed" | "failed";
        Progress: number;
        /** @description Where the list goes on: the URL of the next page; `null` on the last one. */
        Next: string | null;
        TaskBrief: {
            id: components["schemas"]["Id"];
            status: components["schemas"]["TaskState"];
            progress: components["schemas"]["Progress"];
            title: string;
            file_name: string;
        };
        Task: components["schemas"]["TaskFacts"];
        /** @description As `Task`, with `id` as in the brief list. */
        TaskListed: {
            id: components["schemas"]["Id"];
        } & components["schemas"]["TaskFacts"];
        /** @description As `TaskListed`, with its owner. */
        TaskOwned: {
            id: components["schemas"]["Id"];
            username: string;
        } & components["schemas"]["TaskFacts"];
        TaskFacts: {
            task_id: components["schemas"]["Id"];
            /** @description When the clip was uploaded. */
            timestamp: string;
            status: components["schemas"]["TaskState"];
            file_path: string;
            /** @description A link to the reel, signed, once it is `processed`; before that a sentence. */
            download: string;
            progress: components["schemas"]["Progress"];
            /** @description As the client called the clip. */
            file_name: string;
            title: string;
            fit: components["schemas"]["Fit"];
            /** @description Seconds. */
            start: number;
            /** @description The version of the profile that it was made under; 0: what the settings say. */
            profile: number;
            /** @description A link to the poster, signed. */
            poster: string | null;
            /** @description Why it failed. */
            error: null | components["schemas"]["ClipFault"];
            /** @description What the clip is; before a worker has looked, only its size. */
            clip: components["schemas"]["Facts"] | {
                bytes: number;
            };
            /** @description What the reel is. */
            reel: null | components["schemas"]["Facts"];
            /**
             * @description How it was made: by copying the packets of the clip, or by encoding it.
             * @enum {unknown}
             */
            path: "copy" | "encode" | "none" | null;
            /** @description Why this path. */
            reason: string | null;
            receipt: null | components["schemas"]["Receipt"];
            /** @description Where it stands in the line of all users, up to a second ago; `null` when it waits for nothing or for a time, or nobody can tell. */
            queue: null | {
                /** @description 1: the next; 0: it is being made. */
                place: number;
                /** @description Until the reel may be there, told from what the last ones took; `null`: none was made yet, or nobody works. */
                seconds: number | null;
            };
            /** @description It has failed, and another try can help; false where the fault is the file for good. */
            retryable: boolean;
            /** @description What the reel lacks of its clip; empty for most. */
            warnings: components["schemas"]["ReelWarning"][];
        };
        ReelWarning: {
            code: components["schemas"]["ReelWarningCode"];
            /** @description In the language of the request. */
            message: string;
        };
        /** @enum {string} */
        ReelWarningCode: "sound_unreadable" | "sound_other" | "sound_damaged" | "pictures_damaged" | "clip_cut";
        ClipFault: {
            code: components["schemas"]["ClipFaultCode"];
            message: string;
            /** @description With codec_unsupported, where it is known: the coding or container that is not supported; the message names it too. */
            format?: string;
        };
        /** @enum {string} */
        ClipFaultCode: "empty_file" | "not_a_video" | "no_video" | "image_only" | "webp_moving" | "playlist" | "no_frames" | "too_many_tracks" | "truncated" | "codec_unsupported" | "dolby_vision" | "colour_unsupported" | "too_many_pixels" | "encrypted" | "start_beyond_end" | "shape_absurd" | "logo_bad" | "logo_type" | "logo_pixels" | "clip_hostile" | "clip_crashed" | "memory_limit" | "time_limit" | "size_limit" | "no_progress" | "attempts_used" | "file_lost" | "receipt_failed";
        Facts: {
            container: string;
            bytes: number;
            /** @description Seconds. */
            duration: number;
            /** @description As shown: upright, square pixels. */
            width: number;
            height: number;
            /** @enum {unknown} */
            rotation: 0 | 90 | 180 | 270;
            faststart: boolean;
            video: {
                codec: string;
                profile: string;
                pixel_format: string;
                coded_width: number;
                coded_height: number;
                frames: number;
                bit_depth: number;
                tracks: number;
                variable_rate: boolean;
                interlaced: boolean;
                hdr: boolean;
                mirrored: boolean;
                fps: string | null;
                sample_aspect: string | null;
            };
            audio: {
                codec: string;
                hz: number;
                channels: number;
                duration: number;
                tracks: number;
            } | null;
        };
        /** @description What was looked at in the finished reel. */
        Receipt: {
            ok: boolean;
            checks: {
                form: boolean;
                times: boolean;
                shape: boolean;
                length: boolean;
                bumpers: boolean;
                seams: boolean;
                sync: boolean;
            };
            /** @description The pictures as they are stored, the shape of their pixels, and the shape in which they are shown: 1.7778 is 16:9. A copied reel has those of its clip. Receipts of programs before this one have none. */
            shape?: {
                width: number;
                height: number;
                /** @example 1/1 */
                sample_aspect: string | null;
                aspect?: number;
            };
            pictures: number;
            sounds: number;
            decoded: number;
            length_error_ms: number;
            /** @description The version of the profile that the reel was made and looked at by. */
            profile?: number;
            sync_ms: {
                first_seam: number;
                second_seam: number;
                end: number;
            };
        };
        /** @example k5qmqo3n7dz2vh4xw6ytbfcaei */
        LogoId: string;
        ProfileValues: {
            /** @description Length of the logo part at each end, in seconds; to the millisecond. */
            bumper_s?: number;
            /** @description Longest reel, logo parts included. */
            longest_s?: number;
            fit?: components["schemas"]["Fit"];
            max_width?: number;
            max_height?: number;
            max_fps?: number;
            /** @description By how many thousandths a picture may miss 16:9 and still be called so. */
            shape_tolerance?: number;
            /** @description x264 quality; lower is better and larger. */
            crf?: number;
            /** @enum {unknown} */
            preset?: "ultrafast" | "superfast" | "veryfast" | "faster" | "fast" | "medium" | "slow" | "slower" | "veryslow";
        };
        Profile: {
            version: number;
            /** @description Whether there is another than the built-in mark. */
            logo: boolean;
            /** @description `null`: the built-in mark, or the file that the settings name. */
            logo_id: null | components["schemas"]["LogoId"];
            created: null | components["schemas"]["Time"];
        } & WithRequired<components["schemas"]["ProfileValues"], "bumper_s" | "longest_s" | "fit" | "max_width" | "max_height" | "max_fps" | "shape_tolerance" | "crf" | "preset">;
        ProfileChange: {
            /** @description A logo that was uploaded; `null` or `false`: the built-in mark; `true`: as it is. */
            logo?: string | boolean | null;
        } & components["schemas"]["ProfileValues"];
        ProfileRange: {
            min: number;
            max: number;
        };
        ProfileRanges: {
            bumper_s: components["schemas"]["ProfileRange"];
            longest_s: components["schemas"]["ProfileRange"];
            fit: components["schemas"]["Fit"][];
            max_width: components["schemas"]["ProfileRange"];
            max_height: components["schemas"]["ProfileRange"];
            max_fps: components["schemas"]["ProfileRange"];
            shape_tolerance: components["schemas"]["ProfileRange"];
            crf: components["schemas"]["ProfileRange"];
            preset: string[];
        };
        /** @description The `data` of an event of a stream; its `id` and `event` are lines of their own. */
        Event: {
            /** @enum {unknown} */
            type: "hello" | "reset";
        } | {
            /** @enum {unknown} */
            type: "task.uploaded" | "task.processing" | "task.progress" | "task.processed" | "task.failed" | "task.deleted" | "task.changed";
            task_id: components["schemas"]["Id"];
            /** @enum {unknown} */
            status: "uploaded" | "processing" | "processed" | "failed" | "deleted";
            progress: components["schemas"]["Progress"];
            timestamp: components["schemas"]["Time"];
            code?: components["schemas"]["ClipFaultCode"];
        };
        /** @enum {string} */
        EventType: "task.uploaded" | "task.processing" | "task.progress" | "task.processed" | "task.failed" | "task.deleted";
        /** @example whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw */
        HookSecret: string;
        HookNew: {
            /** @description http or https, without a user, not in a private network. */
            url: string;
            /** @description Which; without it, all but `task.progress`. */
            events?: components["schemas"]["EventType"][] | null;
            description?: string | null;
            enabled?: boolean;
        };
        HookChange: {
            url?: string;
            events?: components["schemas"]["EventType"][] | null;
            description?: string | null;
            enabled?: boolean;
        };
        Hook: {
            id: components["schemas"]["Id"];
            /** Format: uri */
            url: string;
            events: components["schemas"]["EventType"][];
            description: string;
            enabled: boolean;
            created: components["schemas"]["Time"];
        };
        Delivery: {
            id: components["schemas"]["Id"];
            /** @enum {unknown} */
            event: "task.uploaded" | "task.processing" | "task.progress" | "task.processed" | "task.failed" | "task.deleted" | "hook.test";
            task_id: number | null;
            /** @enum {unknown} */
            state: "waiting" | "delivered" | "dead";
            attempts: number;
            /** @description What the receiver answered last. */
            status: number | null;
            /** @description Why there was no answer. */
            error: string | null;
            created: components["schemas"]["Time"];
            next_attempt: null | components["schemas"]["Time"];
            ended: null | components["schemas"]["Time"];
        };
        Told: {
            /** @enum {unknown} */
            type: "task.uploaded" | "task.processing" | "task.progress" | "task.processed" | "task.failed" | "task.deleted" | "hook.test";
            timestamp: components["schemas"]["Time"];
            /** @description All `null` in a `hook.test`. */
            data: {
                task_id: number | null;
                /** @enum {unknown} */
                status: "uploaded" | "processing" | "processed" | "failed" | "deleted" | null;
                progress: number | null;
                title: string | null;
                file_name: string | null;
                code: null | components["schemas"]["ClipFaultCode"];
                /** @description A signed link, where the server knows its public address. */
                download: string | null;
            };
        };
    };
    responses: {
        /** @description What can befall any request, before or instead of what it asks for. */
        any: {
            headers: {
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "message": "La dirección es demasiado larga",
                 *       "code": "uri_too_long",
                 *       "request_id": "0QX3kq2dZ5v1"
                 *     }
                 */
                "application/json": {
                    /** @enum {unknown} */
                    code?: "bad_request" | "body_slow" | "too_large" | "uri_too_long" | "header_too_long" | "internal" | "unavailable" | "stopped" | "disk_full";
                } & components["schemas"]["Error"];
                "text/html": string;
            };
        };
        /** @description The server answers. */
        pong: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "message": "pong"
                 *     }
                 */
                "application/json": components["schemas"]["Message"];
            };
        };
        /** @description No token, or one that is not good any more. */
        stranger: {
            headers: {
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "message": "Missing Authorization Header",
                 *       "msg": "Missing Authorization Header",
                 *       "code": "auth_missing",
                 *       "request_id": "0QX3kq2dZ5v1"
                 *     }
                 */
                "application/json": {
                    /** @enum {unknown} */
                    code?: "auth_missing" | "token_bad" | "token_expired";
                } & components["schemas"]["Stranger"];
            };
        };
        /** @description A parameter is not as it must be. */
        parameter_bad: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "message": "El parámetro fit no es válido",
                 *       "code": "parameter_bad",
                 *       "request_id": "0QX3kq2dZ5v1",
                 *       "parameter": "fit",
                 *       "allowed": "pad, blur, crop, stretch"
                 *     }
                 */
                "application/json": {
                    /** @constant */
                    code?: "parameter_bad";
                } & components["schemas"]["Error"];
            };
        };
        /** @description There is no such task, or it is somebody else's. */
        no_task: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "message": "Task not found",
                 *       "code": "task_not_found",
                 *       "request_id": "0QX3kq2dZ5v1"
                 *     }
                 */
                "application/json": {
                    /** @constant */
                    code?: "task_not_found";
                } & components["schemas"]["Error"];
            };
        };
        /** @description The quota of the user is used up, or the key may not upload. */
        upload_denied: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": {
                    /** @enum {unknown} */
                    code?: "quota_exceeded" | "scope_missing";
                } & components["schemas"]["Error"];
            };
        };
        /** @description The key is not good for this. */
        denied: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": {
                    /** @constant */
                    code?: "scope_missing";
                } & components["schemas"]["Error"];
            };
        };
        /** @description The user is no admin, or the key is not good for this. */
        no_admin: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": {
                    /** @enum {unknown} */
                    code?: "forbidden" | "scope_missing";
                } & components["schemas"]["Error"];
            };
        };
        /** @description The user has made as many tasks today as they may; the day ends at midnight of UTC. */
        tasks_limit: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "RateLimit-Policy": components["headers"]["TasksPolicy"];
                RateLimit: components["headers"]["TasksLeft"];
                [name: string]: unknown;
            };
            content: {
                "application/json": {
                    /** @constant */
                    code?: "tasks_limit";
                } & components["schemas"]["Error"];
            };
        };
        /** @description The user has made as many tasks today as they may, or has 200 uploads that are not done. */
        uploads_limit: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "RateLimit-Policy": components["headers"]["TasksPolicy"];
                RateLimit: components["headers"]["TasksLeft"];
                [name: string]: unknown;
            };
            content: {
                "application/json": {
                    /** @enum {unknown} */
                    code?: "tasks_limit" | "uploads_limited";
                } & components["schemas"]["Error"];
            };
        };
        /** @description The `Idempotency-Key` was used with other content. */
        key_used: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": {
                    /** @constant */
                    code?: "idempotency_mismatch";
                } & components["schemas"]["Error"];
            };
        };
        /** @description The clip is larger than the server takes, or a piece than what was announced. */
        too_large: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": {
                    /** @constant */
                    code?: "file_too_large";
                } & components["schemas"]["Error"];
            };
        };
        /** @description The first bytes are not those of a video. */
        no_video: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": {
                    /** @enum {unknown} */
                    code?: "not_a_video" | "playlist" | "image_only" | "webp_moving" | "no_video";
                } & components["schemas"]["Error"];
            };
        };
        /** @description The body is no piece, or the first bytes are not those of a video. */
        tus_unsupported: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": {
                    /** @enum {unknown} */
                    code?: "unsupported" | "not_a_video" | "playlist" | "image_only" | "webp_moving" | "no_video";
                } & components["schemas"]["Error"];
            };
        };
        /** @description There is no room for the clip. */
        full: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": {
                    /** @constant */
                    code?: "disk_full";
                } & components["schemas"]["Error"];
            };
        };
        /** @description Not the tus of this server. */
        tus_version: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": {
                    /** @constant */
                    code?: "tus_version";
                } & components["schemas"]["Error"];
            };
        };
        /** @description The piece does not fit its sum and was dropped. */
        tus_checksum: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": {
                    /** @constant */
                    code?: "checksum_wrong";
                } & components["schemas"]["Error"];
            };
        };
        /** @description There is no such upload, or it is somebody else's. */
        tus_missing: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": {
                    /** @constant */
                    code?: "not_found";
                } & components["schemas"]["Error"];
            };
        };
        /** @description It was forgotten, or its content was refused; begin anew. */
        tus_gone: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": {
                    /** @constant */
                    code?: "upload_gone";
                } & components["schemas"]["Error"];
            };
        };
        /** @description Events until the client has enough. Each `data` is an `Event`. */
        stream: {
            headers: {
                "X-Accel-Buffering": "no";
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example retry: 2000
                 *     id: 41
                 *     event: hello
                 *     data: {"type":"hello"}
                 *
                 *     id: 42
                 *     event: task.progress
                 *     data: {"type":"task.progress","task_id":7,"status":"processing","progress":42,"timestamp":"2026-11-25T07:21:51.004Z"}
                 */
                "text/event-stream": string;
            };
        };
        /** @description The user has as many streams open as they may. */
        streams_limited: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/json": {
                    /** @constant */
                    code?: "streams_limited";
                } & components["schemas"]["Error"];
            };
        };
        /** @description The hook. */
        hook: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Hook"];
            };
        };
        /** @description A field is missing or not as it must be. */
        hook_bad: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": {
                    /** @enum {unknown} */
                    code?: "json_bad" | "field_type" | "fields_missing" | "hook_url_bad" | "hook_event_bad" | "parameter_bad";
                } & components["schemas"]["Error"];
            };
        };
        /** @description There is no such hook, or it is somebody else's. */
        no_hook: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": {
                    /** @constant */
                    code?: "hook_not_found";
                } & components["schemas"]["Error"];
            };
        };
        /** @description It will be sent. */
        delivery: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "delivery": 12
                 *     }
                 */
                "application/json": {
                    delivery: components["schemas"]["Id"];
                };
            };
        };
        /** @description The link is not good any more, or the token is not. */
        no_link: {
            headers: {
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/json": {
                    /** @enum {unknown} */
                    code?: "link_bad" | "token_bad" | "token_expired";
                } & components["schemas"]["Stranger"];
                "text/html": string;
            };
        };
        /** @description There is no such file, or it is somebody else's. */
        no_file: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": {
                    /** @constant */
                    code?: "not_found";
                } & components["schemas"]["Error"];
                "text/html": string;
            };
        };
    };
    parameters: {
        /** @example 7 */
        task_id: components["schemas"]["Id"];
        /** @example 1 */
        hook_id: components["schemas"]["Id"];
        /** @example 2026 */
        year: string;
        /** @example 11 */
        month: string;
        /** @example 25 */
        day: string;
        /** @example 01J9Z3K5.mp4 */
        name: string;
        /** @description Most entries of the page; more than 1000 are never given. */
        max: number;
        /** @description 0: the oldest first; 1: the newest first. */
        order: number;
        /** @description The last `id` of the page before. */
        after: number;
        /** @description Where the page before ended: the last `id`, or with another `sort` than `created` what stands in its `next`. */
        cursor: string;
        /** @description Only tasks of this state. */
        status: components["schemas"]["TaskState"];
        /** @description As `Last-Event-ID`, for clients that cannot set it. */
        last_event_id: number;
        /** @description The id of the last event that was seen; what came after it follows. */
        LastEventId: number;
        /** @description Any text of the client; requests with the same one make one task. */
        IdempotencyKey: string;
        TusResumable: "1.0.0";
        /** @description `sha1` or `sha256`, a space, and the sum of the piece in Base64. A piece that does not fit its sum is dropped whole. */
        UploadChecksum: string;
        /** @description When the link ends; seconds since 1970. */
        exp: number;
        /** @description The signature of the link. */
        sig: string;
        /** @description 1: to be saved as a file, not shown. */
        download: string;
        /** @example bytes=0-1023 */
        Range: string;
        "If-Range": string;
        "If-Match": string;
        "If-None-Match": string;
    };
    requestBodies: never;
    headers: {
        "WWW-Authenticate": "Bearer";
        /** @description How many log-ins may fail within how many seconds, by the [draft](https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/) of the IETF. */
        "RateLimit-Policy": string;
        /** @description How many may still fail, and in how many seconds as many may as ever. */
        RateLimit: string;
        /** @description How many tasks the user may make in a day of UTC, where that is limited. */
        TasksPolicy: string;
        /** @description How many tasks the user may still make, and the seconds until the day ends. */
        TasksLeft: string;
        /** @description Seconds to wait. */
        "Retry-After": number;
        /** @description Bytes that are durable. */
        "Upload-Offset": number;
        /** @description When it is forgotten. */
        "Upload-Expires": string;
        /** @description The task that was made of the whole upload. */
        "Reelgate-Task": number;
        /** @description Strong. */
        ETag: string;
        "Accept-Ranges": "bytes";
        "Content-Disposition": string;
        "Content-Range": string;
        /** @description Where a proxy in front finds it (`--accel-redirect`). */
        "X-Accel-Redirect": string;
        Vary: "Accept-Encoding" | "Accept-Encoding, Origin";
        "Content-Encoding": "br" | "gzip";
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    signUp: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "username": "ana",
                 *       "email": "ana@example.org",
                 *       "password1": "correct horse",
                 *       "password2": "correct horse"
                 *     }
                 */
                "application/json": components["schemas"]["SignUp"];
            };
        };
        responses: {
            /** @description The user is there and can log in. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "message": "Usuario creado"
                     *     }
                     */
                    "application/json": components["schemas"]["Message"];
                };
            };
            /** @description Something is missing or not as it must be, or the name or address is taken. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "message": "Las contraseñas no coinciden",
                     *       "code": "passwords_differ",
                     *       "request_id": "0QX3kq2dZ5v1",
                     *       "parameter": "password2",
                     *       "allowed": "the same text as password1"
                     *     }
                     */
                    "application/json": {
                        /** @enum {unknown} */
                        code?: "fields_missing" | "passwords_differ" | "password_short" | "password_long" | "username_bad" | "email_bad" | "user_exists" | "email_exists" | "json_bad" | "field_type";
                    } & components["schemas"]["Error"];
                };
            };
            default: components["responses"]["any"];
        };
    };
    logIn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "username": "ana",
                 *       "password": "correct horse"
                 *     }
                 */
                "application/json": components["schemas"]["LogIn"];
            };
        };
        responses: {
            /** @description A token for the header `Authorization`, good for a day by default. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbmEifQ.c2lnbmF0dXJl"
                     *     }
                     */
                    "application/json": {
                        /** @description A JWT whose `sub` is the name of the user. */
                        token: string;
                    };
                };
            };
            /** @description A field is missing or no text. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {unknown} */
                        code?: "fields_missing" | "json_bad" | "field_type";
                    } & components["schemas"]["Error"];
                };
            };
            /** @description The name and the password do not belong together. */
            401: {
                headers: {
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        code?: "login_wrong";
                    } & components["schemas"]["Stranger"];
                };
            };
            /** @description Too many log-ins failed just now, for this name or from this address. */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        code?: "login_limited";
                    } & components["schemas"]["Error"];
                };
            };
            default: components["responses"]["any"];
        };
    };
    pingLogIn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["pong"];
            default: components["responses"]["any"];
        };
    };
    pingSignUp: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["pong"];
            default: components["responses"]["any"];
        };
    };
    ping: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The server answers. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "message": "Ok"
                     *     }
                     */
                    "application/json": components["schemas"]["Message"];
                };
            };
            default: components["responses"]["any"];
        };
    };
    health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Both are. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "healthy",
                     *       "database": "connected"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "healthy";
                        /** @constant */
                        database: "connected";
                        /** @description Layers of the jail around decoders that this machine does not give. */
                        jail_missing?: string;
                    };
                };
            };
            /** @description The database does not answer. */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        status: "unhealthy";
                        /** @constant */
                        database: "disconnected";
                        error: string;
                        request_id: string;
                    };
                };
            };
            default: components["responses"]["any"];
        };
    };
    ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Database and storage answer, and the server does not stop. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ready",
                     *       "database": "ok",
                     *       "storage": "ok",
                     *       "queue": "ok",
                     *       "stopping": false
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ready";
                        /** @constant */
                        database: "ok";
                        /** @constant */
                        storage: "ok";
                        /** @enum {unknown} */
                        queue: "ok" | "down";
                        /** @constant */
                        stopping: false;
                    };
                };
            };
            /** @description Send work elsewhere. */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        status: "not_ready";
                        /** @enum {unknown} */
                        database: "ok" | "down";
                        /** @enum {unknown} */
                        storage: "ok" | "down";
                        /** @enum {unknown} */
                        queue: "ok" | "down";
                        stopping: boolean;
                        request_id: string;
                    };
                };
            };
            default: components["responses"]["any"];
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The figures. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            401: components["responses"]["stranger"];
            403: components["responses"]["no_admin"];
            default: components["responses"]["any"];
        };
    };
    whoAmI: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The user, what the token or key opens, and how much of the limits is used. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": 1,
                     *       "username": "ana",
                     *       "email": "ana@example.org",
                     *       "role": "user",
                     *       "scopes": [
                     *         "read",
                     *         "upload",
                     *         "delete"
                     *       ],
                     *       "quota": {
                     *         "bytes_used": 0,
                     *         "bytes_limit": null,
                     *         "tasks_today": 0,
                     *         "tasks_limit": null
                     *       },
                     *       "limits": {
                     *         "upload_bytes": 4294967296,
                     *         "quota_bytes": 0,
                     *         "used_bytes": 0
                     *       },
                     *       "profile": {
                     *         "bumper_s": 2,
                     *         "longest_s": 20,
                     *         "fit": "pad"
                     *       },
                     *       "accept": [
                     *         "video/*",
                     *         ".mp4",
                     *         ".mov"
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Me"];
                };
            };
            401: components["responses"]["stranger"];
            default: components["responses"]["any"];
        };
    };
    listKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of them, without what opens. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Key"][];
                    };
                };
            };
            401: components["responses"]["stranger"];
            403: components["responses"]["denied"];
            default: components["responses"]["any"];
        };
    };
    addKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "nightly import",
                 *       "scopes": [
                 *         "read",
                 *         "upload"
                 *       ],
                 *       "expires_in": 86400
                 *     }
                 */
                "application/json": components["schemas"]["KeyNew"];
            };
        };
        responses: {
            /** @description The key itself is told this once. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: components["schemas"]["Id"];
                        name: string;
                        scopes: components["schemas"]["Scopes"];
                        created: components["schemas"]["Time"];
                        expires: null | components["schemas"]["Time"];
                        /** @description How it begins, for people. */
                        prefix: string;
                        key: string;
                    };
                };
            };
            /** @description A field is missing or not as it must be. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {unknown} */
                        code?: "json_bad" | "field_type" | "fields_missing" | "parameter_bad" | "key_name_bad";
                    } & components["schemas"]["Error"];
                };
            };
            401: components["responses"]["stranger"];
            403: components["responses"]["denied"];
            /** @description There are as many keys as a user may have. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        code?: "keys_limited";
                    } & components["schemas"]["Error"];
                };
            };
            default: components["responses"]["any"];
        };
    };
    deleteKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 1 */
                key_id: components["schemas"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["stranger"];
            403: components["responses"]["denied"];
            /** @description There is no such key, or it is somebody else's. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        code?: "key_not_found";
                    } & components["schemas"]["Error"];
                };
            };
            default: components["responses"]["any"];
        };
    };
    listTasks: {
        parameters: {
            query?: {
                /** @description Most entries of the page; more than 1000 are never given. */
                max?: components["parameters"]["max"];
                /** @description 0: the oldest first; 1: the newest first. */
                order?: components["parameters"]["order"];
                /** @description Where the page before ended: the last `id`, or with another `sort` than `created` what stands in its `next`. */
                after?: components["parameters"]["cursor"];
                /** @description Only tasks of this state. */
                status?: components["parameters"]["status"];
                /** @description Only tasks whose title or file name holds this; capitals and accents make no difference. */
                q?: string;
                /** @description What `order` is about: when they were made, what they are called, or the size or length of the clip (0 until it is read). */
                sort?: "created" | "title" | "size" | "length";
                /** @description All that is known of each task. */
                view?: "full";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of tasks. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": [
                     *         {
                     *           "id": 7,
                     *           "status": "processing",
                     *           "progress": 42,
                     *           "title": "Un gol",
                     *           "file_name": "gol.mp4"
                     *         }
                     *       ],
                     *       "next": "/api/tasks?max=1&after=7"
                     *     }
                     */
                    "application/json": {
                        next: components["schemas"]["Next"];
                        data: components["schemas"]["TaskBrief"][] | components["schemas"]["TaskListed"][];
                    };
                };
            };
            400: components["responses"]["parameter_bad"];
            401: components["responses"]["stranger"];
            403: components["responses"]["denied"];
            default: components["responses"]["any"];
        };
    };
    addTask: {
        parameters: {
            query?: never;
            header?: {
                /** @description Any text of the client; requests with the same one make one task. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": {
                    /** @description The clip, with its file name. */
                    file: string;
                    fit?: components["schemas"]["Fit"];
                    /** @description Where in the clip its part of the reel begins; seconds. */
                    start?: number;
                    title?: string;
                };
            };
        };
        responses: {
            /** @description The clip is stored, and its task waits for a worker. The same for an `Idempotency-Key` that was used before. */
            201: {
                headers: {
                    "RateLimit-Policy": components["headers"]["TasksPolicy"];
                    RateLimit: components["headers"]["TasksLeft"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "message": "Video gol.mp4 uploaded",
                     *       "task_id": 7
                     *     }
                     */
                    "application/json": {
                        message: string;
                        task_id: components["schemas"]["Id"];
                    };
                };
            };
            /** @description No file, an odd name or wish, an empty file, or a body that is cut off. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "message": "No file part",
                     *       "code": "no_file_part",
                     *       "request_id": "0QX3kq2dZ5v1"
                     *     }
                     */
                    "application/json": {
                        /** @enum {unknown} */
                        code?: "no_file_part" | "parameter_bad" | "filename_bad" | "empty_file" | "upload_cut" | "bad_request";
                    } & components["schemas"]["Error"];
                };
            };
            401: components["responses"]["stranger"];
            403: components["responses"]["upload_denied"];
            409: components["responses"]["key_used"];
            413: components["responses"]["too_large"];
            415: components["responses"]["no_video"];
            429: components["responses"]["tasks_limit"];
            507: components["responses"]["full"];
            default: components["responses"]["any"];
        };
    };
    followTasks: {
        parameters: {
            query?: {
                /** @description As `Last-Event-ID`, for clients that cannot set it. */
                last_event_id?: components["parameters"]["last_event_id"];
            };
            header?: {
                /** @description The id of the last event that was seen; what came after it follows. */
                "Last-Event-ID"?: components["parameters"]["LastEventId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["stream"];
            400: components["responses"]["parameter_bad"];
            401: components["responses"]["stranger"];
            403: components["responses"]["denied"];
            429: components["responses"]["streams_limited"];
            default: components["responses"]["any"];
        };
    };
    getTask: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 7 */
                task_id: components["parameters"]["task_id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The task. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "task_id": 7,
                     *       "timestamp": "Wed, 25 Nov 2026 09:44:46 GMT",
                     *       "status": "processed",
                     *       "file_path": "2026/11/25/4arliox3p5b4sbaa5uj6swycpu",
                     *       "download": "https://reels.example/api/video/download/2026/11/25/u2rmc74s7uizdl6hrk4l2c2mfe.mp4?exp=1795603486&sig=8cafeccaa22ddc63",
                     *       "progress": 100,
                     *       "file_name": "gol.mp4",
                     *       "title": "Un gol",
                     *       "fit": "pad",
                     *       "start": 0,
                     *       "profile": 0,
                     *       "poster": "https://reels.example/api/video/poster/2026/11/25/u2rmc74s7uizdl6hrk4l2c2mfe.jpg?exp=1795603486&sig=9aadf029d6f57ff2",
                     *       "error": null,
                     *       "clip": {
                     *         "container": "mp4",
                     *         "bytes": 4985125,
                     *         "duration": 6,
                     *         "width": 1280,
                     *         "height": 720,
                     *         "rotation": 0,
                     *         "faststart": false,
                     *         "video": {
                     *           "codec": "h264",
                     *           "profile": "High",
                     *           "pixel_format": "yuv420p",
                     *           "coded_width": 1280,
                     *           "coded_height": 720,
                     *           "frames": 150,
                     *           "bit_depth": 8,
                     *           "tracks": 1,
                     *           "variable_rate": false,
                     *           "interlaced": false,
                     *           "hdr": false,
                     *           "mirrored": false,
                     *           "fps": "25/1",
                     *           "sample_aspect": "1/1"
                     *         },
                     *         "audio": {
                     *           "codec": "aac",
                     *           "hz": 48000,
                     *           "channels": 2,
                     *           "duration": 6,
                     *           "tracks": 1
                     *         }
                     *       },
                     *       "reel": {
                     *         "container": "mp4",
                     *         "bytes": 5028036,
                     *         "duration": 10,
                     *         "width": 1280,
                     *         "height": 720,
                     *         "rotation": 0,
                     *         "faststart": true,
                     *         "video": {
                     *           "codec": "h264",
                     *           "profile": "High",
                     *           "pixel_format": "yuv420p",
                     *           "coded_width": 1280,
                     *           "coded_height": 720,
                     *           "frames": 250,
                     *           "bit_depth": 8,
                     *           "tracks": 1,
                     *           "variable_rate": false,
                     *           "interlaced": false,
                     *           "hdr": false,
                     *           "mirrored": false,
                     *           "fps": "25/1",
                     *           "sample_aspect": "1/1"
                     *         },
                     *         "audio": {
                     *           "codec": "aac",
                     *           "hz": 48000,
                     *           "channels": 2,
                     *           "duration": 10,
                     *           "tracks": 1
                     *         }
                     *       },
                     *       "path": "copy",
                     *       "reason": "16:9 H.264, copied with its sound",
                     *       "receipt": {
                     *         "ok": true,
                     *         "checks": {
                     *           "form": true,
                     *           "times": true,
                     *           "shape": true,
                     *           "length": true,
                     *           "bumpers": true,
                     *           "seams": true,
                     *           "sync": true
                     *         },
                     *         "shape": {
                     *           "width": 1280,
                     *           "height": 720,
                     *           "sample_aspect": "1/1",
                     *           "aspect": 1.7778
                     *         },
                     *         "pictures": 250,
                     *         "sounds": 469,
                     *         "decoded": 9,
                     *         "length_error_ms": 0,
                     *         "sync_ms": {
                     *           "first_seam": 0,
                     *           "second_seam": 0,
                     *           "end": 0
                     *         }
                     *       },
                     *       "queue": null,
                     *       "retryable": false,
                     *       "warnings": []
                     *     }
                     */
                    "application/json": components["schemas"]["Task"];
                };
            };
            401: components["responses"]["stranger"];
            403: components["responses"]["denied"];
            404: components["responses"]["no_task"];
            default: components["responses"]["any"];
        };
    };
    deleteTask: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 7 */
                task_id: components["parameters"]["task_id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "message": "Eliminado",
                     *       "file": "gol.mp4",
                     *       "Task": 7
                     *     }
                     */
                    "application/json": {
                        message: string;
                        file: string;
                        Task: components["schemas"]["Id"];
                    };
                };
            };
            401: components["responses"]["stranger"];
            403: components["responses"]["denied"];
            404: components["responses"]["no_task"];
            default: components["responses"]["any"];
        };
    };
    changeTask: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 7 */
                task_id: components["parameters"]["task_id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "title": "Un gol de lejos"
                 *     }
                 */
                "application/json": {
                    /** @description No control characters; `null` or empty: none. */
                    title?: string | null;
                    fit?: components["schemas"]["Fit"];
                    /** @description Seconds; before the end of the clip. */
                    start?: number;
                };
            };
        };
        responses: {
            /** @description The task, as it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description A field cannot be that. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {unknown} */
                        code?: "parameter_bad" | "field_type" | "json_bad";
                    } & components["schemas"]["Error"];
                };
            };
            401: components["responses"]["stranger"];
            403: components["responses"]["denied"];
            404: components["responses"]["no_task"];
            /** @description Its clip is gone, so it cannot be made anew. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        code?: "remake_state";
                    } & components["schemas"]["Error"];
                };
            };
            default: components["responses"]["any"];
        };
    };
    retryTask: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 7 */
                task_id: components["parameters"]["task_id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It waits for a worker again. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "task_id": 7,
                     *       "status": "uploaded"
                     *     }
                     */
                    "application/json": {
                        task_id: components["schemas"]["Id"];
                        /** @constant */
                        status: "uploaded";
                    };
                };
            };
            401: components["responses"]["stranger"];
            403: components["responses"]["denied"];
            404: components["responses"]["no_task"];
            /** @description It has not failed. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        code?: "retry_state";
                    } & components["schemas"]["Error"];
                };
            };
            default: components["responses"]["any"];
        };
    };
    followTask: {
        parameters: {
            query?: {
                /** @description As `Last-Event-ID`, for clients that cannot set it. */
                last_event_id?: components["parameters"]["last_event_id"];
            };
            header?: {
                /** @description The id of the last event that was seen; what came after it follows. */
                "Last-Event-ID"?: components["parameters"]["LastEventId"];
            };
            path: {
                /** @example 7 */
                task_id: components["parameters"]["task_id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["stream"];
            400: components["responses"]["parameter_bad"];
            401: components["responses"]["stranger"];
            403: components["responses"]["denied"];
            404: components["responses"]["no_task"];
            429: components["responses"]["streams_limited"];
            default: components["responses"]["any"];
        };
    };
    createUpload: {
        parameters: {
            query?: never;
            header: {
                "Tus-Resumable": components["parameters"]["TusResumable"];
                /**
                 * @description Bytes of the whole clip.
                 * @example 1048576
                 */
                "Upload-Length": number;
                /**
                 * @description Pairs of a key and its value in Base64, with commas between: `filename`, and the wishes of a task: `fit`, `start`, `title`.
                 * @example filename Z29sLm1wNA==,fit Ymx1cg==
                 */
                "Upload-Metadata"?: string;
                /** @description `sha1` or `sha256`, a space, and the sum of the piece in Base64. A piece that does not fit its sum is dropped whole. */
                "Upload-Checksum"?: components["parameters"]["UploadChecksum"];
                /** @description Any text of the client; requests with the same one make one task. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/offset+octet-stream": string;
            };
        };
        responses: {
            /** @description It has an address, and pieces can be sent to it. */
            201: {
                headers: {
                    "RateLimit-Policy": components["headers"]["TasksPolicy"];
                    RateLimit: components["headers"]["TasksLeft"];
                    /** @description Where the pieces go. */
                    Location: string;
                    "Upload-Offset": components["headers"]["Upload-Offset"];
                    "Upload-Expires": components["headers"]["Upload-Expires"];
                    "Reelgate-Task": components["headers"]["Reelgate-Task"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A header or a wish is not as it must be, or the clip is empty. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {unknown} */
                        code?: "parameter_bad" | "filename_bad" | "empty_file" | "upload_cut";
                    } & components["schemas"]["Error"];
                };
            };
            401: components["responses"]["stranger"];
            403: components["responses"]["upload_denied"];
            409: components["responses"]["key_used"];
            412: components["responses"]["tus_version"];
            413: components["responses"]["too_large"];
            415: components["responses"]["tus_unsupported"];
            429: components["responses"]["uploads_limit"];
            460: components["responses"]["tus_checksum"];
            507: components["responses"]["full"];
            default: components["responses"]["any"];
        };
    };
    uploadAbilities: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Extensions, checksums, and the largest clip. */
            204: {
                headers: {
                    "Tus-Max-Size": number;
                    /** @example creation,creation-with-upload,termination,checksum,expiration */
                    "Tus-Extension": string;
                    /** @example sha1,sha256 */
                    "Tus-Checksum-Algorithm": string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["any"];
        };
    };
    deleteUpload: {
        parameters: {
            query?: never;
            header: {
                "Tus-Resumable": components["parameters"]["TusResumable"];
            };
            path: {
                /** @example 01J9Z3K5 */
                upload_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["stranger"];
            403: components["responses"]["denied"];
            404: components["responses"]["tus_missing"];
            412: components["responses"]["tus_version"];
            default: components["responses"]["any"];
        };
    };
    getUpload: {
        parameters: {
            query?: never;
            header: {
                "Tus-Resumable": components["parameters"]["TusResumable"];
            };
            path: {
                /** @example 01J9Z3K5 */
                upload_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Where to go on. */
            200: {
                headers: {
                    "Upload-Offset": components["headers"]["Upload-Offset"];
                    "Upload-Length": number;
                    /** @description What is kept of it. */
                    "Upload-Metadata": string;
                    "Upload-Expires": components["headers"]["Upload-Expires"];
                    "Reelgate-Task": components["headers"]["Reelgate-Task"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["stranger"];
            403: components["responses"]["denied"];
            404: components["responses"]["tus_missing"];
            410: components["responses"]["tus_gone"];
            412: components["responses"]["tus_version"];
            default: components["responses"]["any"];
        };
    };
    sendPiece: {
        parameters: {
            query?: never;
            header: {
                "Tus-Resumable": components["parameters"]["TusResumable"];
                /** @description Where the piece begins. */
                "Upload-Offset": number;
                /** @description `sha1` or `sha256`, a space, and the sum of the piece in Base64. A piece that does not fit its sum is dropped whole. */
                "Upload-Checksum"?: components["parameters"]["UploadChecksum"];
            };
            path: {
                /** @example 01J9Z3K5 */
                upload_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/offset+octet-stream": string;
            };
        };
        responses: {
            /** @description The piece is durable. */
            204: {
                headers: {
                    "Upload-Offset": components["headers"]["Upload-Offset"];
                    "Upload-Expires": components["headers"]["Upload-Expires"];
                    "Reelgate-Task": components["headers"]["Reelgate-Task"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A header is not as it must be, or the body was cut off. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {unknown} */
                        code?: "parameter_bad" | "upload_cut" | "empty_file";
                    } & components["schemas"]["Error"];
                };
            };
            401: components["responses"]["stranger"];
            403: components["responses"]["upload_denied"];
            404: components["responses"]["tus_missing"];
            /** @description The upload is not there yet, or further; `HEAD` tells. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {unknown} */
                        code?: "offset_wrong" | "idempotency_mismatch";
                    } & components["schemas"]["Error"];
                };
            };
            410: components["responses"]["tus_gone"];
            412: components["responses"]["tus_version"];
            413: components["responses"]["too_large"];
            415: components["responses"]["tus_unsupported"];
            /** @description A newer connection goes on with this upload. */
            423: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        code?: "upload_taken";
                    } & components["schemas"]["Error"];
                };
            };
            429: components["responses"]["tasks_limit"];
            460: components["responses"]["tus_checksum"];
            507: components["responses"]["full"];
            default: components["responses"]["any"];
        };
    };
    listHooks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of them. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Hook"][];
                    };
                };
            };
            401: components["responses"]["stranger"];
            403: components["responses"]["denied"];
            default: components["responses"]["any"];
        };
    };
    addHook: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "url": "https://example.org/reels",
                 *       "events": [
                 *         "task.processed",
                 *         "task.failed"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["HookNew"];
            };
        };
        responses: {
            /** @description The hook, with its secret, which is told this once. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: components["schemas"]["Id"];
                        /** Format: uri */
                        url: string;
                        events: components["schemas"]["EventType"][];
                        description: string;
                        enabled: boolean;
                        created: components["schemas"]["Time"];
                        secret: components["schemas"]["HookSecret"];
                    };
                };
            };
            400: components["responses"]["hook_bad"];
            401: components["responses"]["stranger"];
            403: components["responses"]["denied"];
            /** @description There are as many hooks as a user may have. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        code?: "hooks_limited";
                    } & components["schemas"]["Error"];
                };
            };
            default: components["responses"]["any"];
        };
    };
    getHook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 1 */
                hook_id: components["parameters"]["hook_id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["hook"];
            401: components["responses"]["stranger"];
            403: components["responses"]["denied"];
            404: components["responses"]["no_hook"];
            default: components["responses"]["any"];
        };
    };
    deleteHook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 1 */
                hook_id: components["parameters"]["hook_id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["stranger"];
            403: components["responses"]["denied"];
            404: components["responses"]["no_hook"];
            default: components["responses"]["any"];
        };
    };
    changeHook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 1 */
                hook_id: components["parameters"]["hook_id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "enabled": false
                 *     }
                 */
                "application/json": components["schemas"]["HookChange"];
            };
        };
        responses: {
            200: components["responses"]["hook"];
            400: components["responses"]["hook_bad"];
            401: components["responses"]["stranger"];
            403: components["responses"]["denied"];
            404: components["responses"]["no_hook"];
            default: components["responses"]["any"];
        };
    };
    renewHookSecret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 1 */
                hook_id: components["parameters"]["hook_id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The new secret, which is told this once. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        secret: components["schemas"]["HookSecret"];
                    };
                };
            };
            401: components["responses"]["stranger"];
            403: components["responses"]["denied"];
            404: components["responses"]["no_hook"];
            default: components["responses"]["any"];
        };
    };
    testHook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 1 */
                hook_id: components["parameters"]["hook_id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            202: components["responses"]["delivery"];
            401: components["responses"]["stranger"];
            403: components["responses"]["denied"];
            404: components["responses"]["no_hook"];
            /** @description The hook is disabled. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        code?: "hook_disabled";
                    } & components["schemas"]["Error"];
                };
            };
            default: components["responses"]["any"];
        };
    };
    listDeliveries: {
        parameters: {
            query?: {
                /** @description Most entries of the page; more than 1000 are never given. */
                max?: components["parameters"]["max"];
                /** @description The last `id` of the page before. */
                after?: components["parameters"]["after"];
            };
            header?: never;
            path: {
                /** @example 1 */
                hook_id: components["parameters"]["hook_id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of deliveries, the newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Delivery"][];
                    };
                };
            };
            400: components["responses"]["parameter_bad"];
            401: components["responses"]["stranger"];
            403: components["responses"]["denied"];
            404: components["responses"]["no_hook"];
            default: components["responses"]["any"];
        };
    };
    replayDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 1 */
                hook_id: components["parameters"]["hook_id"];
                delivery_id: components["schemas"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            202: components["responses"]["delivery"];
            401: components["responses"]["stranger"];
            403: components["responses"]["denied"];
            /** @description There is no such delivery of a hook of the caller. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {unknown} */
                        code?: "hook_not_found" | "delivery_not_found";
                    } & components["schemas"]["Error"];
                };
            };
            default: components["responses"]["any"];
        };
    };
    adminOverview: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Tasks of all users by state, who works, what is kept, and what webhooks have before them. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "tasks": {
                     *         "uploaded": 3,
                     *         "processing": 2,
                     *         "processed": 1184,
                     *         "failed": 5
                     *       },
                     *       "oldest_waiting_ms": 4210,
                     *       "workers": [
                     *         {
                     *           "name": "host-1/4711/0QX3kq2d",
                     *           "version": "1.0.0",
                     *           "jobs": 2,
                     *           "busy": 2,
                     *           "seen": "2026-11-25T07:00:00.000Z"
                     *         }
                     *       ],
                     *       "storage": {
                     *         "free_bytes": 81604378624,
                     *         "total_bytes": 107374182400,
                     *         "used_bytes": 16106127360
                     *       },
                     *       "hooks": {
                     *         "waiting": 0,
                     *         "dead": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Overview"];
                };
            };
            401: components["responses"]["stranger"];
            403: components["responses"]["no_admin"];
            default: components["responses"]["any"];
        };
    };
    adminListUsers: {
        parameters: {
            query?: {
                /** @description Only users whose name or e-mail address holds this text, whatever its case. */
                q?: string;
                /** @description Most entries of the page; more than 1000 are never given. */
                max?: components["parameters"]["max"];
                /** @description The last `id` of the page before. */
                after?: components["parameters"]["after"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of users. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": [
                     *         {
                     *           "id": 1,
                     *           "username": "ana",
                     *           "email": "ana@example.org",
                     *           "role": "admin",
                     *           "created": "2026-11-25T07:00:00.000Z",
                     *           "bytes_used": 1048576,
                     *           "bytes_limit": null,
                     *           "tasks_limit": 50,
                     *           "tasks": 4
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        data: components["schemas"]["User"][];
                    };
                };
            };
            400: components["responses"]["parameter_bad"];
            401: components["responses"]["stranger"];
            403: components["responses"]["no_admin"];
            default: components["responses"]["any"];
        };
    };
    adminChangeUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 1 */
                user_id: components["schemas"]["Id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "role": "admin",
                 *       "bytes_limit": 21474836480,
                 *       "tasks_limit": null
                 *     }
                 */
                "application/json": components["schemas"]["UserChange"];
            };
        };
        responses: {
            /** @description The user as they are now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description A field is not as it must be. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {unknown} */
                        code?: "json_bad" | "field_type" | "parameter_bad";
                    } & components["schemas"]["Error"];
                };
            };
            401: components["responses"]["stranger"];
            403: components["responses"]["no_admin"];
            /** @description There is no such user. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        code?: "user_not_found";
                    } & components["schemas"]["Error"];
                };
            };
            /** @description No admin would be left. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        code?: "last_admin";
                    } & components["schemas"]["Error"];
                };
            };
            default: components["responses"]["any"];
        };
    };
    adminListTasks: {
        parameters: {
            query?: {
                /** @description Most entries of the page; more than 1000 are never given. */
                max?: components["parameters"]["max"];
                /** @description 0: the oldest first; 1: the newest first. */
                order?: components["parameters"]["order"];
                /** @description The last `id` of the page before. */
                after?: components["parameters"]["after"];
                /** @description Only tasks of this state. */
                status?: components["parameters"]["status"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of tasks, with the names of their owners. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        next: components["schemas"]["Next"];
                        data: components["schemas"]["TaskOwned"][];
                    };
                };
            };
            400: components["responses"]["parameter_bad"];
            401: components["responses"]["stranger"];
            403: components["responses"]["no_admin"];
            default: components["responses"]["any"];
        };
    };
    adminRetryTasks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "status": "failed"
                 *     }
                 */
                "application/json": {
                    ids: number[];
                } | {
                    /** @constant */
                    status: "failed";
                    after?: number | null;
                };
            };
        };
        responses: {
            /** @description How many have their fresh start. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "retried": 5,
                     *       "after": null
                     *     }
                     */
                    "application/json": {
                        retried: number;
                        /** @description `null`: nothing is left. */
                        after: number | null;
                    };
                };
            };
            /** @description A field is missing or not as it must be. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {unknown} */
                        code?: "json_bad" | "field_type" | "fields_missing" | "parameter_bad";
                    } & components["schemas"]["Error"];
                };
            };
            401: components["responses"]["stranger"];
            403: components["responses"]["no_admin"];
            default: components["responses"]["any"];
        };
    };
    getProfile: {
        parameters: {
            query?: {
                /** @description An earlier version, as a task names it. */
                version?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The version, and what each value may be. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        ranges: components["schemas"]["ProfileRanges"];
                    } & components["schemas"]["Profile"];
                };
            };
            400: components["responses"]["parameter_bad"];
            401: components["responses"]["stranger"];
            403: components["responses"]["no_admin"];
            /** @description There is no such version. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        code?: "not_found";
                    } & components["schemas"]["Error"];
                };
            };
            default: components["responses"]["any"];
        };
    };
    changeProfile: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "bumper_s": 1.5,
                 *       "longest_s": 15,
                 *       "fit": "blur"
                 *     }
                 */
                "application/json": components["schemas"]["ProfileChange"];
            };
        };
        responses: {
            /** @description Nothing is different; the version stays. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Profile"];
                };
            };
            /** @description The new version. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Profile"];
                };
            };
            /** @description A value is of another type or out of its range, no time is left between the logo parts, or there is no such logo. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {unknown} */
                        code?: "json_bad" | "field_type" | "profile_bad" | "logo_not_found";
                    } & components["schemas"]["Error"];
                };
            };
            401: components["responses"]["stranger"];
            403: components["responses"]["no_admin"];
            default: components["responses"]["any"];
        };
    };
    previewProfile: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "logo": null
                 *     }
                 */
                "application/json": components["schemas"]["ProfileChange"];
            };
        };
        responses: {
            /** @description 1280x720 pixels. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": string;
                };
            };
            /** @description A value is of another type or out of its range, no time is left between the logo parts, or there is no such logo. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {unknown} */
                        code?: "json_bad" | "field_type" | "profile_bad" | "logo_not_found";
                    } & components["schemas"]["Error"];
                };
            };
            401: components["responses"]["stranger"];
            403: components["responses"]["no_admin"];
            default: components["responses"]["any"];
        };
    };
    addLogo: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description At most 4 MiB and 24 million pixels. */
        requestBody: {
            content: {
                "image/png": string;
                "image/jpeg": string;
            };
        };
        responses: {
            /** @description What it is called. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        logo: components["schemas"]["LogoId"];
                    };
                };
            };
            /** @description It has no bytes, too many pixels, or is cut off or damaged. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {unknown} */
                        code?: "empty_file" | "logo_pixels" | "logo_bad";
                    } & components["schemas"]["Error"];
                };
            };
            401: components["responses"]["stranger"];
            403: components["responses"]["no_admin"];
            /** @description It is neither PNG nor JPEG. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        code?: "logo_type";
                    } & components["schemas"]["Error"];
                };
            };
            default: components["responses"]["any"];
        };
    };
    downloadReel: {
        parameters: {
            query?: {
                /** @description When the link ends; seconds since 1970. */
                exp?: components["parameters"]["exp"];
                /** @description The signature of the link. */
                sig?: components["parameters"]["sig"];
                /** @description 1: to be saved as a file, not shown. */
                download?: components["parameters"]["download"];
            };
            header?: {
                /** @example bytes=0-1023 */
                Range?: components["parameters"]["Range"];
                "If-Range"?: components["parameters"]["If-Range"];
                "If-Match"?: components["parameters"]["If-Match"];
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @example 2026 */
                year: components["parameters"]["year"];
                /** @example 11 */
                month: components["parameters"]["month"];
                /** @example 25 */
                day: components["parameters"]["day"];
                /** @example 01J9Z3K5.mp4 */
                name: components["parameters"]["name"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The reel. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Accept-Ranges": components["headers"]["Accept-Ranges"];
                    "Content-Disposition": components["headers"]["Content-Disposition"];
                    "X-Accel-Redirect": components["headers"]["X-Accel-Redirect"];
                    [name: string]: unknown;
                };
                content: {
                    "video/mp4": string;
                };
            };
            /** @description The part that was asked for. */
            206: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Accept-Ranges": components["headers"]["Accept-Ranges"];
                    "Content-Disposition": components["headers"]["Content-Disposition"];
                    "Content-Range": components["headers"]["Content-Range"];
                    [name: string]: unknown;
                };
                content: {
                    "video/mp4": string;
                };
            };
            /** @description The client has it already. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Accept-Ranges": components["headers"]["Accept-Ranges"];
                    "Content-Disposition": components["headers"]["Content-Disposition"];
                    "X-Accel-Redirect": components["headers"]["X-Accel-Redirect"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It lies in an object storage that sends it by itself (`--presigned-downloads`). */
            307: {
                headers: {
                    Location: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["no_link"];
            403: components["responses"]["denied"];
            404: components["responses"]["no_file"];
            /** @description `If-Match` names another version. */
            412: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Accept-Ranges": components["headers"]["Accept-Ranges"];
                    "Content-Disposition": components["headers"]["Content-Disposition"];
                    "X-Accel-Redirect": components["headers"]["X-Accel-Redirect"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The range lies behind the end. */
            416: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Accept-Ranges": components["headers"]["Accept-Ranges"];
                    "Content-Disposition": components["headers"]["Content-Disposition"];
                    "Content-Range": components["headers"]["Content-Range"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["any"];
        };
    };
    downloadPoster: {
        parameters: {
            query?: {
                /** @description When the link ends; seconds since 1970. */
                exp?: components["parameters"]["exp"];
                /** @description The signature of the link. */
                sig?: components["parameters"]["sig"];
                /** @description 1: to be saved as a file, not shown. */
                download?: components["parameters"]["download"];
            };
            header?: {
                /** @example bytes=0-1023 */
                Range?: components["parameters"]["Range"];
                "If-Range"?: components["parameters"]["If-Range"];
                "If-Match"?: components["parameters"]["If-Match"];
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @example 2026 */
                year: components["parameters"]["year"];
                /** @example 11 */
                month: components["parameters"]["month"];
                /** @example 25 */
                day: components["parameters"]["day"];
                /** @example 01J9Z3K5.mp4 */
                name: components["parameters"]["name"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The poster. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Accept-Ranges": components["headers"]["Accept-Ranges"];
                    "Content-Disposition": components["headers"]["Content-Disposition"];
                    "X-Accel-Redirect": components["headers"]["X-Accel-Redirect"];
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": string;
                };
            };
            /** @description The part that was asked for. */
            206: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Accept-Ranges": components["headers"]["Accept-Ranges"];
                    "Content-Disposition": components["headers"]["Content-Disposition"];
                    "Content-Range": components["headers"]["Content-Range"];
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": string;
                };
            };
            /** @description The client has it already. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Accept-Ranges": components["headers"]["Accept-Ranges"];
                    "Content-Disposition": components["headers"]["Content-Disposition"];
                    "X-Accel-Redirect": components["headers"]["X-Accel-Redirect"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It lies in an object storage that sends it by itself (`--presigned-downloads`). */
            307: {
                headers: {
                    Location: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["no_link"];
            403: components["responses"]["denied"];
            404: components["responses"]["no_file"];
            /** @description `If-Match` names another version. */
            412: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Accept-Ranges": components["headers"]["Accept-Ranges"];
                    "Content-Disposition": components["headers"]["Content-Disposition"];
                    "X-Accel-Redirect": components["headers"]["X-Accel-Redirect"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The range lies behind the end. */
            416: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Accept-Ranges": components["headers"]["Accept-Ranges"];
                    "Content-Disposition": components["headers"]["Content-Disposition"];
                    "Content-Range": components["headers"]["Content-Range"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["any"];
        };
    };
    page: {
        parameters: {
            query?: never;
            header?: {
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Vary: components["headers"]["Vary"];
                    "Content-Encoding": components["headers"]["Content-Encoding"];
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description The client has it already. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Vary: components["headers"]["Vary"];
                    "Content-Encoding": components["headers"]["Content-Encoding"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["any"];
        };
    };
    pagePart: {
        parameters: {
            query?: never;
            header?: {
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /** @example app-ABCDEFGH.js */
                part: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The part. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Vary: components["headers"]["Vary"];
                    "Content-Encoding": components["headers"]["Content-Encoding"];
                    [name: string]: unknown;
                };
                content: {
                    "text/javascript": string;
                    "text/css": string;
                };
            };
            /** @description The client has it already. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Vary: components["headers"]["Vary"];
                    "Content-Encoding": components["headers"]["Content-Encoding"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: components["responses"]["no_file"];
            default: components["responses"]["any"];
        };
    };
    icon: {
        parameters: {
            query?: never;
            header?: {
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The icon. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Vary: components["headers"]["Vary"];
                    "Content-Encoding": components["headers"]["Content-Encoding"];
                    [name: string]: unknown;
                };
                content: {
                    "image/svg+xml": string;
                };
            };
            /** @description The client has it already. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Vary: components["headers"]["Vary"];
                    "Content-Encoding": components["headers"]["Content-Encoding"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["any"];
        };
    };
    description: {
        parameters: {
            query?: never;
            header?: {
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OpenAPI 3.1. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Vary: components["headers"]["Vary"];
                    "Content-Encoding": components["headers"]["Content-Encoding"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        openapi: "3.1.0";
                        info: Record<string, never>;
                        paths: Record<string, never>;
                    };
                };
            };
            /** @description The client has it already. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Vary: components["headers"]["Vary"];
                    "Content-Encoding": components["headers"]["Content-Encoding"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["any"];
        };
    };
    reference: {
        parameters: {
            query?: never;
            header?: {
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Vary: components["headers"]["Vary"];
                    "Content-Encoding": components["headers"]["Content-Encoding"];
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description The client has it already. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Vary: components["headers"]["Vary"];
                    "Content-Encoding": components["headers"]["Content-Encoding"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["any"];
        };
    };
    told: {
        parameters: {
            query?: never;
            header: {
                "webhook-id": string;
                /** @description Seconds since 1970. */
                "webhook-timestamp": number;
                "webhook-signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Told"];
            };
        };
        responses: {
            /** @description The receiver is gone for good; the hook is disabled. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Taken. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
type WithRequired<T, K extends keyof T> = T & {
    [P in K]-?: T[P];
};

/** What an error may be called. */
export type ErrorCode =
    | "auth_missing"
    | "bad_request"
    | "body_slow"
    | "checksum_wrong"
    | "delivery_not_found"
    | "disk_full"
    | "email_bad"
    | "email_exists"
    | "empty_file"
    | "field_type"
    | "fields_missing"
    | "file_too_large"
    | "filename_bad"
    | "forbidden"
    | "header_too_long"
    | "hook_disabled"
    | "hook_event_bad"
    | "hook_not_found"
    | "hook_url_bad"
    | "hooks_limited"
    | "idempotency_mismatch"
    | "image_only"
    | "internal"
    | "json_bad"
    | "key_name_bad"
    | "key_not_found"
    | "keys_limited"
    | "last_admin"
    | "link_bad"
    | "login_limited"
    | "login_wrong"
    | "logo_bad"
    | "logo_not_found"
    | "logo_pixels"
    | "logo_type"
    | "no_file_part"
    | "no_video"
    | "not_a_video"
    | "not_found"
    | "offset_wrong"
    | "parameter_bad"
    | "password_long"
    | "password_short"
    | "passwords_differ"
    | "playlist"
    | "profile_bad"
    | "quota_exceeded"
    | "remake_state"
    | "retry_state"
    | "scope_missing"
    | "stopped"
    | "streams_limited"
    | "task_not_found"
    | "tasks_limit"
    | "token_bad"
    | "token_expired"
    | "too_large"
    | "tus_version"
    | "unavailable"
    | "unsupported"
    | "upload_cut"
    | "upload_gone"
    | "upload_taken"
    | "uploads_limited"
    | "uri_too_long"
    | "user_exists"
    | "user_not_found"
    | "username_bad"
    | "webp_moving";
