// The words that several parts of the page show, each in both languages. A part has its own beside
// it and hands them to addWords; web/words.mjs looks that none is there twice, or for nothing.
// {0}, {1}: values.
export const LANGUAGES = ['es', 'en'];
export const WORDS = {
    loading: ['Cargando…', 'Loading…'],
    username: ['Usuario', 'User name'],
    email: ['Correo electrónico', 'E-mail'],
    partLogo: ['logo', 'logo'],
    partClip: ['su video', 'your clip'],
    deskTitle: ['Sus videos', 'Your clips'],
    more: ['Ver más', 'Show more'],
    uploaded: ['En cola', 'In the queue'],
    processing: ['Procesando', 'Processing'],
    processed: ['Listo', 'Ready'],
    failed: ['No se pudo', 'Failed'],
    download: ['Descargar', 'Download'],
    retry: ['Reintentar', 'Try again'],
    remove: ['Eliminar', 'Delete'],
    cancel: ['Cancelar', 'Cancel'],
    downloadOf: ['Descargar {0}', 'Download {0}'],
    retryOf: ['Reintentar {0}', 'Try again: {0}'],
    removeOf: ['Eliminar {0}', 'Delete {0}'],
    progressOf: ['Avance de {0}', 'Progress of {0}'],
    didRemove: ['«{0}» se eliminó', '“{0}” is deleted'],
    undo: ['Deshacer', 'Undo'],
    undoOf: ['Deshacer: conservar {0}', 'Undo: keep {0}'],
    didUndo: ['«{0}» sigue aquí', '“{0}” is still here'],
    unreachable: [
        'No hay conexión con el servicio. Compruebe su red e intente de nuevo.',
        'The service cannot be reached. Check your network and try again.',
    ],
    odd: [
        'El servicio respondió algo inesperado ({0}). Intente de nuevo.',
        'The service gave an unexpected answer ({0}). Try again.',
    ],
    again: ['Intentar de nuevo', 'Try again'],
    expired: ['Su sesión terminó. Entre de nuevo.', 'Your session has ended. Log in again.'],
    didUpload: ['{0} se subió y está en cola', '{0} is uploaded and in the queue'],
    didFinish: ['{0} está listo', '{0} is ready'],
    didFail: ['{0} no se pudo procesar', '{0} failed'],
    fallbackName: ['Video {0}', 'Clip {0}'],
    reference: ['Referencia: {0}', 'Reference: {0}'],
    close: ['Cerrar', 'Close'],
    fitPad: ['Bordes lisos', 'Plain borders'],
    fitBlur: ['Bordes difuminados', 'Blurred borders'],
    fitCrop: ['Recortar', 'Crop'],
    fitStretch: ['Estirar', 'Stretch'],
    copyHand: ['Copie el enlace seleccionado', 'Copy the selected link'],
    settings: ['Ajustes', 'Settings'],
    admin: ['Administración', 'Administration'],
    copy: ['Copiar', 'Copy'],
    copiedThis: ['Copiado', 'Copied'],
    onceText: [
        'Cópielo ahora y guárdelo bien: no se vuelve a mostrar.',
        'Copy it now and keep it safe: it is not shown again.',
    ],
    onceDone: ['Ya lo guardé', 'I have kept it'],
    partLost: [
        'Esta página no se pudo cargar. Compruebe su red e intente de nuevo.',
        'This page could not be loaded. Check your network and try again.',
    ],
    loginWrong: [
        'El usuario o la contraseña no son correctos.',
        'The name or the password is wrong.',
    ],
    title: ['Título', 'Title'],
    rename: ['Cambiar el título', 'Change the title'],
    renameOf: ['Cambiar el título de {0}', 'Change the title of {0}'],
    nextInLine: ['es el siguiente', 'next in line'],
    placeInLine: ['n.º {0} en la cola', 'no. {0} in line'],
    timeLeft: ['aprox. {0}', 'about {0}'],
    chooseOf: ['Elegir {0}', 'Choose {0}'],
    chosen: ['{0} elegidos', '{0} chosen'],
    chooseAll: ['Elegir todos los de esta lista', 'Choose all of this list'],
    didRemoveMany: ['{0} videos se eliminaron', '{0} clips are deleted'],
    undoMany: ['Deshacer: conservar los {0} videos', 'Undo: keep the {0} clips'],
    didUndoMany: ['Los {0} videos siguen aquí', 'The {0} clips are still here'],
};

// What to do about a fault, by the code of the answer; the message itself comes from the server.
export const ADVICE = {
    truncated: [
        'Expórtelo o cópielo de nuevo y súbalo otra vez.',
        'Export or copy it anew and upload it again.',
    ],
    not_a_video: [
        'Elija un archivo de video, por ejemplo MP4 o MOV.',
        'Choose a video file, for example MP4 or MOV.',
    ],
    no_video: ['Elija un archivo que tenga imagen.', 'Choose a file that has pictures.'],
    image_only: ['Elija un video en lugar de una foto.', 'Choose a video instead of a photo.'],
    empty_file: ['Elija el archivo original.', 'Choose the original file.'],
    codec_unsupported: [
        'Expórtelo como MP4 (H.264) y súbalo de nuevo.',
        'Export it as MP4 (H.264) and upload it again.',
    ],
    encrypted: [
        'Quite la protección y súbalo de nuevo.',
        'Remove the protection and upload it again.',
    ],
    start_beyond_end: [
        'Súbalo de nuevo con un inicio más temprano.',
        'Upload it again with an earlier start.',
    ],
    file_too_large: [
        'Recórtelo o expórtelo con menos calidad.',
        'Trim it or export it at lower quality.',
    ],
    too_many_pixels: [
        'Expórtelo más pequeño, por ejemplo en 4K.',
        'Export it smaller, for example in 4K.',
    ],
    no_frames: ['Expórtelo de nuevo y súbalo otra vez.', 'Export it anew and upload it again.'],
    forbidden: [
        'Estas páginas son para quien administra el servicio.',
        'These pages are for those who run the service.',
    ],
    quota_exceeded: ['Elimine videos que ya no necesite.', 'Delete clips that you no longer need.'],
    tasks_limit: [
        'Inténtelo mañana o pida un límite mayor a quien administra el servicio.',
        'Try tomorrow, or ask whoever runs the service for a higher limit.',
    ],
    uploads_limited: [
        'Termine o cancele las subidas empezadas; las olvidadas desaparecen en un día.',
        'Finish or cancel uploads that were begun; forgotten ones go within a day.',
    ],
    too_many_tracks: [
        'Expórtelo solo con la imagen y el sonido.',
        'Export it with its picture and its sound alone.',
    ],
    time_limit: ['Pruebe con un video más corto o más pequeño.', 'Try a shorter or smaller clip.'],
    file_lost: ['Súbalo de nuevo.', 'Upload it again.'],
    disk_full: [
        'Intente más tarde o avise a quien administra el servicio.',
        'Try later, or tell whoever runs the service.',
    ],
};
