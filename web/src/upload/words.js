// The words of what comes before clips go up.
export const WORDS = {
    prepareTitle: ['Preparar', 'Prepare'],
    prepareOf: ['Video {0} de {1}', 'Clip {0} of {1}'],
    previous: ['Anterior', 'Previous'],
    next: ['Siguiente', 'Next'],
    leaveOut: ['Quitar este video', 'Leave this clip out'],
    uploadOne: ['Subir', 'Upload'],
    uploadMany: ['Subir {0} videos', 'Upload {0} clips'],
    fit: ['Si no es 16:9', 'If it is not 16:9'],
    fitsAlready: [
        'Ya es 16:9: estas opciones no lo cambian.',
        'It is 16:9 already: this choice does not change it.',
    ],
    fitAll: ['Usar esta forma para todos', 'Use this shape for all'],
    didFitAll: ['La forma vale para todos.', 'All clips have this shape.'],
    start: ['Punto de inicio', 'Start point'],
    startSeconds: ['Empezar en el segundo', 'Begin at second'],
    startBad: [
        'Escriba los segundos como un número, por ejemplo 12,5.',
        'Write the seconds as a number, for example 12.5.',
    ],
    startLate: ['El video dura {0} s: empiece antes.', 'The clip lasts {0} s: begin earlier.'],
    shownPart: [
        'Se usa de {0} a {1} ({2} s). El reel durará {3} s.',
        '{0} to {1} is used ({2} s). The reel will last {3} s.',
    ],
    startText: ['desde {0}, se usan {1} segundos', 'from {0}, {1} seconds are used'],
    playPart: ['Reproducir la parte', 'Play this part'],
    pausePart: ['Pausar', 'Pause'],
    preview: ['Vista previa 16:9', '16:9 preview'],
    noPreview: [
        'Este navegador no puede mostrar el video, pero se puede subir igual. El reel le dirá ' +
            'cómo quedó.',
        'This browser cannot show the clip, but it can be uploaded all the same. The reel will ' +
            'tell you how it came out.',
    ],
    noTwice: ['Ya se está subiendo en otra pestaña.', 'It is being uploaded in another tab.'],
    noEmpty: [
        'Está vacío (0 bytes). Elija el archivo original.',
        'It is empty (0 bytes). Choose the original file.',
    ],
    noLarge: [
        'Pesa {0} y se admiten hasta {1}. Recórtelo o expórtelo con menos calidad.',
        'It has {0}, and at most {1} are taken. Trim it or export it at lower quality.',
    ],
    noSpace: [
        'Pesa {0} y de sus {2} quedan {1} libres. Elimine videos que ya no necesite.',
        'It has {0}, and {1} of your {2} are free. Delete clips that you no longer need.',
    ],
    noToday: [
        'Ya usó los {0} videos de hoy. Siga mañana.',
        'Today’s {0} clips are used up. Go on tomorrow.',
    ],
    noRead: [
        'No se puede leer. Si es una carpeta, elija los videos que contiene.',
        'It cannot be read. If it is a folder, choose the clips in it.',
    ],
    noKind: ['Es {0}, no un video.', 'It is {0}, not a clip.'],
    aPhoto: ['una foto', 'a photo'],
    aSound: ['una grabación de sonido', 'a sound recording'],
    aDocument: ['un documento', 'a document'],
    anArchive: ['un archivo comprimido', 'an archive'],
    aProgram: ['un programa', 'a program'],
    aText: ['un texto', 'a text'],
};
