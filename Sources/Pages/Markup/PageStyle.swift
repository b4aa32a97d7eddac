import Checksum
import Plot

/// The style sheet of all pages.
public enum PageStyle {
    /// Its address, which changes with the sheet: browsers may keep it.
    public static let path = "/style-\(version).css"

    private static let version = Array(SHA256.hash(Array(sheet.utf8)).prefix(6)).hexadecimal

    /// For screens, light and dark, wide and narrow, and for paper. Each pair of colours of text and ground has a
    /// contrast of 4.5 at least (WCAG 2.2, success criterion 1.4.3).
    public static let sheet = rules + StyleSheet.page + "\n"

    private static let rules = """
        :root {
          color-scheme: light dark;
          --ground: #ffffff; --card: #ffffff; --text: #1b1f24; --faint: #4a525b; --line: #cdd2d8; --link: #0b5394;
          --tile: #f4f6f8; --mark: #fff4d6; --mark-line: #a86a00;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #14171a; --card: #1a1e22; --text: #e6e9ec; --faint: #b4bbc3; --line: #3c434a; --link: #8ec1f5;
            --tile: #22272c; --mark: #3a2f10; --mark-line: #d9a33a;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0 auto; padding: 0 1rem 2rem; max-width: 78rem; background: var(--ground); color: var(--text);
          font: 1rem/1.45 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif;
        }
        a { color: var(--link); }
        a:focus-visible, button:focus-visible, input:focus-visible, summary:focus-visible, [tabindex]:focus-visible {
          outline: 3px solid var(--mark-line); outline-offset: 2px;
        }
        .skip { position: absolute; left: -99rem; }
        .skip:focus { left: 1rem; top: 0.5rem; background: var(--ground); padding: 0.3rem; }
        header {
          display: flex; flex-wrap: wrap; align-items: center; gap: 0.4rem 1.2rem; padding: 0.6rem 0;
          border-bottom: 1px solid var(--line);
        }
        .name { font-weight: 700; font-size: 1.1rem; }
        nav ul, .sources ul, .filters, .elsewhere {
          list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 0.2rem 0.9rem;
        }
        nav li a { display: inline-block; padding: 0.15rem 0; }
        [aria-current] { color: var(--text); font-weight: 600; text-decoration: none; }
        form { margin-left: auto; display: flex; gap: 0.4rem; }
        input, button {
          font: inherit; color: inherit; background: var(--card); border: 1px solid var(--faint); border-radius: 0.3rem;
          padding: 0.2rem 0.5rem; min-width: 0;
        }
        input { width: 13rem; }
        h1 { font-size: 1.5rem; line-height: 1.2; margin: 1.1rem 0 0.4rem; overflow-wrap: anywhere; }
        h2 { font-size: 1.1rem; margin: 0; overflow-wrap: anywhere; }
        h3 { font-size: 1rem; }
        p { margin: 0.3rem 0; }
        .note, caption, footer, .change, dt { color: var(--faint); }
        .note { font-size: 0.92rem; }
        .filters { margin: 0.4rem 0; }
        .filters li {
          background: var(--tile); border: 1px solid var(--line); border-radius: 0.3rem; padding: 0 0.4rem;
        }
        .panels { columns: 2 24rem; column-gap: 1rem; margin-top: 0.8rem; }
        .panel {
          border: 1px solid var(--line); border-radius: 0.4rem; background: var(--card);
          padding: 0.8rem 1rem; margin-bottom: 1rem; break-inside: avoid;
        }
        .wide { column-span: all; }
        .tiles {
          display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: 0.6rem; margin: 0.5rem 0;
        }
        .tiles > div {
          background: var(--tile); border: 1px solid var(--line); border-radius: 0.4rem; padding: 0.5rem 0.8rem;
          display: flex; flex-direction: column;
        }
        .tiles dt { order: 2; }
        .tiles dd { margin: 0; font-size: 1.6rem; font-weight: 700; font-variant-numeric: tabular-nums; }
        .tiles .change { order: 3; font-size: 0.92rem; font-weight: 400; }
        .facts {
          display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr));
          gap: 0.4rem 1rem; margin: 0.5rem 0;
        }
        .facts dt { font-size: 0.88rem; }
        .facts dd { margin: 0; overflow-wrap: anywhere; }
        .refused, .remark {
          background: var(--mark); border-left: 0.3rem solid var(--mark-line); padding: 0.4rem 0.7rem;
          overflow-wrap: anywhere;
        }
        .plot { margin: 0.4rem 0; }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; margin: 0.3rem 0; }
        caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
        th, td {
          padding: 0.22rem 0.5rem; border-bottom: 1px solid var(--line); vertical-align: top; text-align: left;
          font-weight: 400; overflow-wrap: anywhere; min-width: 4rem;
        }
        thead th { font-weight: 600; overflow-wrap: normal; }
        .number { text-align: right; white-space: nowrap; }
        .scroll { overflow-x: auto; }
        summary { cursor: pointer; color: var(--link); }
        .sources { margin-top: 0.5rem; font-size: 0.92rem; }
        .command { display: block; color: var(--faint); overflow-wrap: anywhere; margin-top: 0.2rem; }
        code, pre { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 0.88em; }
        pre { overflow-x: auto; background: var(--tile); padding: 0.6rem; border-radius: 0.3rem; }
        article { max-width: 56rem; }
        article h2 { margin-top: 1.8rem; }
        footer { margin-top: 1.5rem; border-top: 1px solid var(--line); padding-top: 0.5rem; font-size: 0.92rem; }
        @media (max-width: 40rem) {
          form { margin-left: 0; width: 100%; }
          input { flex: 1; }
          .panel { padding: 0.6rem 0.7rem; }
        }
        @page { size: A4; margin: 12mm; }
        @media print {
          :root {
            color-scheme: light; --ground: #ffffff; --card: #ffffff; --text: #000000; --faint: #333333; --line: #999999;
            --link: #000000; --tile: #ffffff;
          }
          body { max-width: none; padding: 0; font-size: 8.5pt; }
          nav, form, .skip, .sources ul, details { display: none; }
          .panels { columns: 2; column-gap: 6mm; }
          .panel { margin-bottom: 4mm; padding: 2mm 3mm; }
          h1 { font-size: 14pt; margin: 0 0 2mm; }
          h2 { font-size: 10pt; }
          .tiles dd { font-size: 12pt; }
        }

        """
}
