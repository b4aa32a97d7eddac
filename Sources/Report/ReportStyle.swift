import HTML

extension Markup {
    /// The style of a report: for screens, light and dark, and for A4. Each pair of colours of text and ground has a
    /// contrast of 7 at least (WCAG 2.2, success criterion 1.4.6).
    static let reportStyle = Markup.style(
        """
        :root {
          color-scheme: light dark;
          --ground: #ffffff; --text: #1b1f24; --faint: #454c54; --line: #c5cad1; --head: #eef1f4; --bar: #7aa7e0;
          --mark: #fff4d6; --mark-line: #a86a00; --bad: #9a1010;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #14171a; --text: #e6e9ec; --faint: #b4bbc3; --line: #41484f; --head: #22272c; --bar: #4d7fc0;
            --mark: #3a2f10; --mark-line: #d9a33a; --bad: #ffa8a0;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 62rem; background: var(--ground); color: var(--text);
          font: 1rem/1.45 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif;
        }
        h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 0.3rem; }
        h2 { font-size: 1.25rem; margin: 2.2rem 0 0.2rem; }
        p { margin: 0.3rem 0; }
        .faint, caption, footer { color: var(--faint); }
        .notice {
          background: var(--mark); border-left: 0.3rem solid var(--mark-line); padding: 0.6rem 0.8rem; margin: 0.8rem 0;
        }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; margin: 0.5rem 0; }
        caption { text-align: left; padding: 0 0 0.35rem; }
        th, td { padding: 0.28rem 0.6rem; border-bottom: 1px solid var(--line); vertical-align: top; text-align: left; }
        thead th { background: var(--head); font-weight: 600; vertical-align: bottom; }
        tbody th { font-weight: 400; }
        tbody .text { overflow-wrap: anywhere; min-width: 7rem; }
        .scroll { overflow-x: auto; }
        .number { text-align: right; white-space: nowrap; }
        thead th.number { white-space: normal; }
        .bar { display: block; height: 0.25rem; margin: 0.15rem 0 0 auto; background: var(--bar); }
        .ended { color: var(--bad); font-weight: 600; }
        footer { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 0.6rem; font-size: 0.9rem; }
        @page { size: A4; margin: 15mm 12mm; }
        @media print {
          :root {
            color-scheme: light; --ground: #ffffff; --text: #000000; --faint: #333333; --line: #999999; --head: #eeeeee;
            --bar: #888888; --mark: #ffffff; --mark-line: #000000; --bad: #000000;
          }
          body { max-width: none; padding: 0; font-size: 9.5pt; }
          h1 { font-size: 17pt; }
          h2 { font-size: 12pt; margin-top: 14pt; break-after: avoid; }
          section > p { break-after: avoid; }
          section, tr, .notice { break-inside: avoid; }
          thead { display: table-header-group; }
          .scroll { overflow: visible; }
          th, td { padding: 0.12rem 0.35rem; }
          tbody .text { min-width: 0; }
          thead th, .bar { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
        }
        """)
}
