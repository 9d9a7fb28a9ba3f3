// The words of the door.
export const WORDS = {
    logIn: ['Entrar', 'Log in'],
    signUp: ['Crear cuenta', 'Sign up'],
    password: ['Contraseña', 'Password'],
    passwordAgain: ['Repita la contraseña', 'Password again'],
    passwordHint: ['Al menos 8 caracteres.', 'At least 8 characters.'],
    keep: ['Mantener la sesión en este equipo', 'Keep me logged in on this device'],
    noAccount: ['¿Aún no tiene cuenta?', 'No account yet?'],
    hasAccount: ['¿Ya tiene cuenta?', 'Already have an account?'],
    pitchTitle: [
        'De su video a un reel listo para la web',
        'From your clip to a reel that is ready for the web',
    ],
    pitchText: [
        'Suba un video en cualquier formato. Recibirá un reel 16:9 de pocos segundos, con el ' +
            'logo al inicio y al final.',
        'Upload a clip in any format. You get a 16:9 reel of some seconds, with the logo at the ' +
            'beginning and the end.',
    ],
    differ: ['Las contraseñas no coinciden', 'The passwords do not match'],
    fill: ['Complete todos los campos', 'Fill in all fields'],
    nameOrEmail: ['Usuario o correo electrónico', 'User name or e-mail'],
    showPassword: ['Mostrar la contraseña', 'Show password'],
};
