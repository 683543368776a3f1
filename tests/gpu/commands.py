"""Commands that end with whoever waits for them."""

import os
import signal
import subprocess

SHOWN_LINES = 40


class Failed(Exception):
    """A command did not end well; the message has the end of what it said."""


def run(command, environment=None):
    """Its output, both streams apart. Whatever ends the wait kills the command and all that it started."""
    with subprocess.Popen([str(word) for word in command], text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
                          env={**os.environ, **(environment or {})}) as process:
        try:
            stdout, stderr = process.communicate()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


def output_of(command, environment=None):
    """What it prints. Raises Failed unless it ends with 0."""
    done = run(command, environment)
    if done.returncode != 0:
        said = (done.stdout + done.stderr).splitlines()[-SHOWN_LINES:]
        raise Failed("\n".join([f"{' '.join(map(str, command))}: exit code {done.returncode}", *said]))
    return done.stdout
