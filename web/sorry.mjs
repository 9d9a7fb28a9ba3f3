// The pages that a browser gets where a program gets an error as JSON: one for each kind of fault
// and language, as the table that src/http/server/sorry.c is compiled from. `%m` in them becomes
// the error's own sentence, `%s` its status, and `%i` the id of the request.
const WORDS = {
    es: {
        home: 'Ir a Reelgate',
        about: 'Error %s · solicitud %i',
        LINK: [
            'Este enlace ya no sirve',
            '%m.',
            'Pida un enlace nuevo a quien se lo envió: cada enlace vale solo por un tiempo. Si ' +
                'el reel es suyo, entre en Reelgate y copie el enlace otra vez.',
        ],
        REEL: [
            'Este reel ya no está',
            'Quien lo hizo lo eliminó o lo cambió por otro.',
            'Pregunte a quien le envió el enlace si hay un reel nuevo, y pídale su enlace. Si ' +
                'el reel es suyo, búsquelo en Reelgate.',
        ],
        PATH: [
            'Aquí no hay nada',
            'Esta dirección no lleva a ninguna página de Reelgate.',
            'Revise que esté completa y bien escrita. Si alguien se la envió, pídale que copie ' +
                'el enlace de nuevo.',
        ],
        OTHER: [
            'Esto no se pudo mostrar',
            '%m.',
            'Intente de nuevo en un momento. Si vuelve a pasar, envíe el número de abajo a ' +
                'quien administra el servicio.',
        ],
    },
    en: {
        home: 'Go to Reelgate',
        about: 'Error %s · request %i',
        LINK: [
            'This link is no longer good',
            '%m.',
            'Ask whoever sent it for a new link: each one works only for a time. If the reel is ' +
                'yours, log in to Reelgate and copy the link again.',
        ],
        REEL: [
            'This reel is gone',
            'Its owner deleted it or made it anew.',
            'Ask whoever sent you the link whether there is a new reel, and for its link. If ' +
                'the reel is yours, look for it in Reelgate.',
        ],
        PATH: [
            'There is nothing here',
            'This address leads to no page of Reelgate.',
            'See whether it is complete and spelled right. If somebody sent it to you, ask them ' +
                'to copy the link again.',
        ],
        OTHER: [
            'This could not be shown',
            '%m.',
            'Try again in a moment. If it happens again, send the number below to the people ' +
                'who run the service.',
        ],
    },
};
// What stands at the top of every page that needs no script.
export const BRAND =
    '<p class="brand"><a href="/">' +
    '<img src="/favicon.svg" alt="" width="30" height="30"> Reelgate</a></p>';
export const KINDS = ['LINK', 'REEL', 'PATH', 'OTHER'];

function page(lang, kind, styles) {
    const {
        home,
        about,
        [kind]: [title, why, next],
    } = WORDS[lang];
    const text = `<!doctype html>
<html lang="${lang}" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title} · Reelgate</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
${styles.map((href) => `<link rel="stylesheet" href="${href}">`).join('\n')}
</head>
<body class="sorry">
<header class="top">${BRAND}</header>
<main>
<h1>${title}</h1>
<p>${why}</p>
<p>${next}</p>
<p><a class="button main" href="/">${home}</a></p>
<p class="about">${about}</p>
</main>
</body>
</html>
`;
    if (/%[^msi]/.test(text)) throw new Error(`${lang} ${kind}: a % that is no place for anything`);
    return text;
}

// A text of JSON is one of C as well, as long as nothing in it needs \u.
export const sorryTable = (styles) =>
    Object.keys(WORDS)
        .flatMap((lang) =>
            KINDS.map((kind) => {
                const text = JSON.stringify(page(lang, kind, styles));
                return `SORRY(${lang.toUpperCase()}, ${kind}, ${text})`;
            }),
        )
        .join('\n');
