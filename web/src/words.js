// The words around all parts of the page: the same keys in both languages. {0}, {1}: values.
export const WORDS = {
    skip: ['Ir al contenido', 'Skip to content'],
    logOut: ['Salir', 'Log out'],
    otherLanguage: ['English', 'Español'],
    offline: [
        'Sin conexión con el servicio. Se intenta de nuevo…',
        'The service cannot be reached. Trying again…',
    ],
    offlineUploads: [
        'Sin conexión. Las cargas continúan solas cuando vuelva.',
        'No connection. Uploads go on by themselves when it is back.',
    ],
};
