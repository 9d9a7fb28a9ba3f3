// How reels are made: the logo and how it will look, how long, what shape and how large. What is
// changed here holds for clips that come from now on.
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../share/icon.jsx';
import { Field, Select, useAnswer, Waiting } from '../share/panels.jsx';
import { Fault, Panel, Press, Strip } from '../share/parts.jsx';
import { loadMe } from '../share/me.js';
import {
    ask,
    credentials,
    dotted,
    figure,
    inWords,
    number,
    refusal,
    say,
    toast,
    when,
} from '../share/state.js';
import { fitInWords, FITS } from '../share/fits.js';

const SECONDS = ['bumper_s', 'longest_s'],
    SIZES = ['max_width', 'max_height', 'max_fps', 'shape_tolerance', 'crf'];
const LOGO_MAX_BYTES = 4 << 20,
    BUSY_MS = 1000,
    BUSY_TRIES = 10;

// A picture of the logo part as it would be made; the server makes one at a time.
async function picture(wish, wanted) {
    for (let tries = 1; ; tries++) {
        const answer = await fetch('/api/admin/profile/preview', {
            method: 'POST',
            headers: { ...credentials(), 'Content-Type': 'application/json' },
            body: JSON.stringify(wish),
        }).catch(() => null);
        if (answer?.ok) return URL.createObjectURL(await answer.blob());
        if (answer?.status !== 503 || tries === BUSY_TRIES || !wanted())
            throw refusal(answer?.status ?? 0, await answer?.json().catch(() => null));
        await new Promise((done) => {
            setTimeout(done, BUSY_MS);
        });
    }
}

function Preview({ logo, alt }) {
    const [shown, setShown] = useState(null),
        [fault, setFault] = useState(null),
        [busy, setBusy] = useState(true);
    useEffect(() => {
        let wanted = true,
            url = null;
        setBusy(true);
        picture(logo === undefined ? {} : { logo }, () => wanted).then(
            (made) => {
                url = made;
                if (wanted) {
                    setShown(made);
                    setFault(null);
                    setBusy(false);
                } else URL.revokeObjectURL(made);
            },
            (e) => {
                if (wanted) {
                    setFault(e);
                    setBusy(false);
                }
            },
        );
        return () => {
            wanted = false;
            if (url) URL.revokeObjectURL(url);
        };
    }, [logo]);
    return (
        <div class="stage" aria-busy={busy}>
            {fault ? (
                <p class="error" role="alert">
                    {inWords(fault)}
                </p>
            ) : (
                shown && <img id="bumper" src={shown} alt={alt} width="1280" height="720" />
            )}
            {busy && (
                <p class="stage-note" role="status">
                    {say('previewMaking')}
                </p>
            )}
        </div>
    );
}

function read(form, ranges) {
    const f = form.elements,
        values = { fit: f.fit.value, preset: f.preset.value };
    for (const name of [...SECONDS, ...SIZES]) {
        const text = dotted(f[name].value),
            n = Number(text),
            { min, max } = ranges[name] ?? { min: -Infinity, max: Infinity };
        const whole = SIZES.includes(name);
        if (
            text === '' ||
            !Number.isFinite(n) ||
            n < min ||
            n > max ||
            (whole && !Number.isInteger(n))
        ) {
            f[name].focus();
            return {
                fault: say('valueBad', say(name), figure(min), figure(max)),
            };
        }
        values[name] = n;
    }
    if (values.longest_s <= 2 * values.bumper_s) {
        f.longest_s.focus();
        return { fault: say('noRoom') };
    }
    return { values };
}

export function Profile() {
    const asked = useAnswer('/api/admin/profile'),
        p = asked.data;
    const form = useRef(),
        file = useRef();
    const [logo, setLogo] = useState(undefined); // as it is; null: the built-in mark
    const [fault, setFault] = useState(''),
        [logoFault, setLogoFault] = useState(''),
        [busy, setBusy] = useState(false);
    const [lasts, setLasts] = useState(null);
    if (!p) return <Waiting asked={asked} />;
    // the same before and after it is saved, so that it is drawn once
    const drawn = logo !== undefined ? logo : p.logo ? (p.logo_id ?? undefined) : null;
    const show = lasts ?? { bumper: p.bumper_s, part: p.longest_s - 2 * p.bumper_s };
    function measure() {
        const f = form.current.elements,
            [bumper, longest] = SECONDS.map((name) => Number(dotted(f[name].value)));
        if (bumper >= 0 && longest > 2 * bumper) setLasts({ bumper, part: longest - 2 * bumper });
    }
    async function takeLogo(event) {
        const [given] = event.currentTarget.files;
        event.currentTarget.value = '';
        if (!given) return;
        const wrong = !/^image\/(png|jpeg)$/.test(given.type)
            ? 'logoType'
            : given.size > LOGO_MAX_BYTES
              ? 'logoLarge'
              : null;
        setLogoFault(wrong ? say(wrong) : '');
        if (wrong) return;
        setBusy(true);
        try {
            const answer = await ask('POST', '/api/admin/logos', undefined, {
                body: given,
                headers: { ...credentials(), 'Content-Type': given.type },
            });
            setLogo(answer.logo);
        } catch (e) {
            setLogoFault(inWords(e));
        }
        setBusy(false);
    }
    async function save(event) {
        event.preventDefault();
        const { fault: wrong, values } = read(form.current, p.ranges ?? {});
        setFault(wrong ?? '');
        if (wrong) return;
        setBusy(true);
        try {
            const made = await ask('PUT', '/api/admin/profile', {
                ...values,
                ...(logo === undefined ? {} : { logo }),
            });
            toast(say('didProfile', made.version));
            await asked.load();
            setLogo(undefined);
            setLasts(null);
            loadMe().catch(() => {});
        } catch (e) {
            setFault(inWords(e));
        }
        setBusy(false);
    }
    const field = (name, mode, unit) => (
        <Field
            words={name}
            unit={unit}
            name={name}
            inputMode={mode}
            maxLength={8}
            defaultValue={String(p[name]).replace('.', number(1.1, 1)[1])}
            onInput={SECONDS.includes(name) ? measure : undefined}
        />
    );
    return (
        <form
            class="columns wide-left"
            id="profile"
            ref={form}
            onSubmit={save}
            onInput={() => fault && setFault('')}
            noValidate
        >
            <Panel id="logo" title={say('logo')}>
                <Preview logo={drawn} alt={say('previewAlt')} />
                <Strip logo={show.bumper} clip={show.part / 2} />
                <p class="hint">
                    {say(
                        'lastsAtMost',
                        figure(show.bumper),
                        figure(show.part),
                        figure(show.part + 2 * show.bumper),
                    )}
                </p>
                <Fault id="logo-error" text={logoFault} />
                <p class="acts from-left">
                    <input
                        ref={file}
                        id="logo-file"
                        class="hidden-input"
                        type="file"
                        accept="image/png,image/jpeg"
                        onChange={takeLogo}
                        tabIndex={-1}
                        aria-label={say('logoChoose')}
                    />
                    <Press
                        id="logo-choose"
                        disabled={busy}
                        onClick={() => file.current.click()}
                        icon="up"
                        words={say('logoChoose')}
                    />
                    {(logo === undefined ? p.logo : logo !== null) && (
                        <button
                            type="button"
                            id="logo-none"
                            disabled={busy}
                            onClick={() => setLogo(null)}
                        >
                            {say('logoNone')}
                        </button>
                    )}
                    {logo !== undefined && (
                        <button
                            type="button"
                            class="quiet"
                            onClick={() => {
                                setLogo(undefined);
                                setLogoFault('');
                            }}
                        >
                            {say('logoBack')}
                        </button>
                    )}
                </p>
                <p class="hint">{say('logoHint')}</p>
            </Panel>
            <Panel id="form" title={say('profileForm')} key={p.version}>
                <Fault id="profile-error" text={fault} />
                <div class="pair">
                    {field('bumper_s', 'decimal', 's')}
                    {field('longest_s', 'decimal', 's')}
                </div>
                <Select
                    words="usualFit"
                    name="fit"
                    value={p.fit}
                    options={Object.keys(FITS).map((fit) => [fit, fitInWords(fit)])}
                />
                <div class="pair">
                    {field('max_width', 'numeric', 'px')}
                    {field('max_height', 'numeric', 'px')}
                </div>
                <div class="pair">
                    {field('max_fps', 'numeric')}
                    {field('shape_tolerance', 'numeric', '‰')}
                </div>
                {field('crf', 'numeric')}
                <Select
                    words="preset"
                    name="preset"
                    value={p.preset}
                    options={(p.ranges?.preset ?? [p.preset]).map((name) => [name, name])}
                />
                <p class="hint">{say('crfHint')}</p>
                <p class="note">
                    <Icon name="clip" />
                    {say('newOnly')}
                </p>
                <p class="acts">
                    <button id="save-profile" class="main" type="submit" disabled={busy}>
                        {say('save')}
                    </button>
                </p>
                <p class="hint" id="profile-version">
                    {p.version
                        ? say('profileVersion', p.version, p.created ? when(p.created) : '')
                        : say('profileFirst')}
                </p>
            </Panel>
        </form>
    );
}
