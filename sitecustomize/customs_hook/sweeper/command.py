"""The command line of ``customs_sweep.py``, and the time that a sweep may take."""

import argparse
import os
import time

from customs_hook import standalone
from customs_hook.record import sockets
from customs_hook.sweeper.sweep import Late, Sweep
from customs_hook.sweeper.within import within

_EXAMPLES = """
examples:
  customs_sweep.py --trace-dir /run/customs/traces --server udp://192.0.2.1:5140
      what a node's epilog runs, as root
  customs_sweep.py --running --job 4711 -v
      what the processes of a job on this node have imported so far, those of the caller
  customs_sweep.py --trace-dir ~/traces --server unixgram:///run/customs.sock
      what the caller's own killed processes left in a directory of his own
"""


def main(arguments, description):
    """Sweep according to the command line ``arguments``; return the exit code."""
    options = _options(arguments, description)
    # a process that has touched a hanging directory cannot escape, so a child does it
    within(options.max_seconds, lambda: _sweep(options))
    return 0


def _sweep(options):
    def say(sentence):
        if options.verbose:
            try:
                os.write(1, ("%s\n" % sentence).encode("ascii", "replace"))
            except OSError:
                pass

    # enough time to report it
    limit = time.monotonic() + options.max_seconds * 0.9
    wanted = options.opt_out_file, options.running, options.job, limit, say
    try:
        Sweep(options.trace_dir, options.servers, *wanted).run()
    except Late:
        say("the time is over; the rest stays for the next time")
    except Exception as error:
        say("stopped by %r" % error)


def _options(arguments, description):
    parser = _Parser(
        prog="customs_sweep.py",
        description=description,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--trace-dir", metavar="DIR", help="default: where the hook leaves traces")
    parser.add_argument(
        "--server",
        metavar="URL",
        action="append",
        help="udp://ADDRESS:PORT or unixgram:///PATH, also several, with commas or repeated; "
        "default: $CUSTOMS_SERVER, else where the hook sends to",
    )
    parser.add_argument(
        "--opt-out-file",
        metavar="FILE",
        help="the list of users who are not recorded; default: that of the hook, '' for none",
    )
    parser.add_argument("--running", action="store_true", help="report living processes too")
    parser.add_argument("--job", metavar="ID", help="report only processes of this job")
    parser.add_argument(
        "--max-seconds", metavar="N", type=_seconds, default=30, help="stop then; default: 30"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="say what is done")
    options = parser.parse_args(arguments)
    servers = ",".join(options.server or [os.environ.get("CUSTOMS_SERVER", "")])
    options.servers = [server.strip() for server in servers.split(",") if server.strip()]
    options.trace_dir = options.trace_dir or os.environ.get("CUSTOMS_TRACE_DIR")
    if not options.servers or not options.trace_dir or options.opt_out_file is None:
        try:
            site = standalone.site()
        except Exception:
            text = "no sitecustomize.py of the hook beside this: say --trace-dir, --server, "
            parser.error(text + "--opt-out-file")
        options.servers = options.servers or list(site["servers"])
        options.trace_dir = options.trace_dir or site["trace_dir"]
        if options.opt_out_file is None:
            options.opt_out_file = site["opt_out_file"]
    for server in options.servers:
        try:
            sockets.target(server)
        except (OSError, ValueError):
            parser.error("no udp://ADDRESS:PORT with a number for the address: %s" % server)
    return options


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(64, "%s: %s\n" % (self.prog, message))


def _seconds(text):
    value = float(text)
    if not 0 < value <= 86400:
        raise ValueError(text)
    return value
