// What ESLint looks for, run from the root of the project by script/lint: faults, names that are
// used or defined nowhere, hooks that React's rules forbid, lines that Prettier cannot break, and
// imports that go round the folders of the page. Layout is Prettier's.
import js from '@eslint/js';
import react from 'eslint-plugin-react';
import hooks from 'eslint-plugin-react-hooks';
import globals from 'globals';

const LONG = { code: 100, ignoreUrls: true };

// Which folders a folder of web/src may look at, besides itself; main.jsx shows them all.
const MAY = {
    share: [],
    door: ['share'],
    upload: ['share'],
    desk: ['share', 'upload'],
    reel: ['share', 'upload'],
    settings: ['share'],
    admin: ['share'],
};
const walls = Object.entries(MAY).map(([folder, may]) => {
    const foreign = Object.keys(MAY).filter((name) => name !== folder && !may.includes(name));
    const known = may.length ? may.join(' and ') : 'itself';
    return {
        files: [`web/src/${folder}/**`],
        rules: {
            'no-restricted-imports': [
                'error',
                {
                    patterns: [
                        {
                            regex: `^\\.\\./(main\\.jsx$|(${foreign.join('|')})/)`,
                            message: `${folder} may look at ${known} alone.`,
                        },
                    ],
                },
            ],
        },
    };
});

export default [
    { ignores: ['web/dist/**', 'web/dist.part/**', 'web/bundle/**'] },
    { files: ['**/*.{js,jsx,mjs}'], ...js.configs.recommended },
    {
        files: ['**/*.{js,jsx,mjs}'],
        linterOptions: { reportUnusedDisableDirectives: 'error' },
        rules: {
            eqeqeq: 'error',
            'no-empty': ['error', { allowEmptyCatch: false }],
            'no-shadow': 'error',
            'no-unused-vars': ['error', { args: 'after-used', ignoreRestSiblings: true }],
            'no-var': 'error',
            'object-shorthand': 'error',
            'prefer-const': 'error',
        },
    },
    {
        files: ['web/src/**'],
        languageOptions: {
            globals: globals.browser,
            parserOptions: { ecmaFeatures: { jsx: true } },
        },
        plugins: { react, 'react-hooks': hooks },
        rules: {
            'max-len': ['error', LONG],
            'react/jsx-key': 'error',
            'react/jsx-no-duplicate-props': 'error',
            'react/jsx-no-undef': 'error',
            'react/jsx-uses-vars': 'error',
            'react-hooks/rules-of-hooks': 'error',
            // not exhaustive-deps: an effect names what it follows, and takes the rest as it is
        },
    },
    ...walls,
    {
        files: ['web/*.mjs', 'script/**/*.mjs'],
        languageOptions: { globals: globals.node },
        rules: { 'max-len': ['error', LONG] },
    },
    {
        // Functions that the tests hand to the browser stand among those of their own, and each
        // step of a test is handed a context of its own under the same name.
        files: ['test/**/*.mjs'],
        languageOptions: { globals: { ...globals.node, ...globals.browser } },
        rules: { 'no-shadow': 'off' },
    },
];
