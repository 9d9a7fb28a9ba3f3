// The words that settings and administration share; fetched with the first of them.
export const WORDS = {
    role: ['Rol', 'Role'],
    roleAdmin: ['administración', 'administrator'],
    roleUser: ['usuario', 'user'],
    useBytes: ['Espacio', 'Space'],
    usedOf: ['{0} de {1}', '{0} of {1}'],
    usualFit: ['Si no es 16:9', 'If it is not 16:9'],
    saved: ['Guardado', 'Saved'],
    save: ['Guardar', 'Save'],
};
