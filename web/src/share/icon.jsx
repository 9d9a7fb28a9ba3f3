// The drawings on buttons, as strokes in the colour of the text.
const ICONS = {
    play: <path d="M8 5.2v13.6L19 12z" fill="currentColor" />,
    pause: <path d="M8 5h3v14H8zm5 0h3v14h-3z" fill="currentColor" />,
    up: <path d="M12 16V5m0 0 4.5 4.5M12 5 7.5 9.5M4 15v3a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-3" />,
    down: <path d="M12 4v11m0 0 4.5-4.5M12 15l-4.5-4.5M4 17v1a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-1" />,
    bin: <path d="M5 7h14M10 7V5h4v2m-7.5 0 .8 12h9.4l.8-12M10.5 11v5m3-5v5" />,
    again: <path d="M19 12a7 7 0 1 1-2.2-5.1L19 9m0-5v5h-5" />,
    back: <path d="m14 6-6 6 6 6" />,
    close: <path d="m6 6 12 12M18 6 6 18" />,
    link: (
        <path
            d={
                'm10 14 4-4M8.5 11.5l-2 2a3 3 0 0 0 4.2 4.2l2-2' +
                'm-1.4-7.4 2-2a3 3 0 0 1 4.2 4.2l-2 2'
            }
        />
    ),
    sliders: (
        <>
            <path d="M4 7h9m5 0h2M4 17h2m5 0h9" />
            <circle cx="15.5" cy="7" r="2.5" />
            <circle cx="8.5" cy="17" r="2.5" />
        </>
    ),
    gauge: <path d="M4 17a8.5 8.5 0 1 1 16 0M12 15l3.5-4.5" />,
    out: (
        <path
            d={
                'M10 5H6a1.5 1.5 0 0 0-1.5 1.5v11A1.5 1.5 0 0 0 6 19h4' +
                'm4-3.5 3.5-3.5L14 8.5M17 12H9'
            }
        />
    ),
    key: (
        <>
            <circle cx="8" cy="15" r="3.6" />
            <path d="m10.6 12.4 8-8m-3 3 2.6 2.6" />
        </>
    ),
    check: <path d="m5 12.5 4.5 4.5L19 7.5" />,
    eye: (
        <>
            <path d="M3 12s3.2-6 9-6 9 6 9 6-3.2 6-9 6-9-6-9-6z" />
            <circle cx="12" cy="12" r="2.6" />
        </>
    ),
    pen: (
        <path
            d={
                'm5 19 .9-4L16.2 4.8a1.6 1.6 0 0 1 2.3 0l.7.7a1.6 1.6 0 0 1 0 2.3L9 18.1z' +
                'M14.5 6.5l3 3'
            }
        />
    ),
    search: (
        <>
            <circle cx="11" cy="11" r="6" />
            <path d="m15.5 15.5 4.5 4.5" />
        </>
    ),
    warn: <path d="M12 4.5 3.5 19h17zM12 10v4m0 2.6v.1" />,
    keys: <path d="M3.5 7h17v10h-17zM7 10.3h.1m3.3 0h.1m3.3 0h.1m3.2 0h.1M8 13.7h8" />,
    clip: (
        <>
            <rect x="3" y="5" width="18" height="14" rx="2.5" />
            <path d="M10.2 9.2v5.6l4.8-2.8z" />
        </>
    ),
};
export const Icon = ({ name, size = 20 }) => (
    <svg
        class="icon"
        viewBox="0 0 24 24"
        width={size}
        height={size}
        aria-hidden="true"
        fill="none"
        stroke="currentColor"
        stroke-width="1.8"
        stroke-linecap="round"
        stroke-linejoin="round"
    >
        {ICONS[name]}
    </svg>
);
