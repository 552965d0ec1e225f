using System.Diagnostics;
using System.Text;

namespace Ixy.Vm.Tests.Rig;

/// <summary>
/// A running QEMU. It ends with this object, or with the thread that waits for it, and so also when the tests are
/// killed.
/// </summary>
internal sealed class QemuProcess : IDisposable
{
    private readonly Process _process;
    private readonly Thread _waiter;
    private readonly StringBuilder _error = new();

    /// <param name="program">The QEMU to run.</param>
    /// <param name="arguments">Its arguments.</param>
    internal QemuProcess(string program, IEnumerable<string> arguments)
    {
        // The kernel sends the signal when the thread that started QEMU ends (prctl(2), PR_SET_PDEATHSIG), so that
        // thread stays.
        _process = new()
        {
            StartInfo = new(
                "setpriv", ["--pdeathsig", "KILL", program, .. arguments])
            { RedirectStandardError = true }
        };
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        using var started = new ManualResetEventSlim();
        _waiter = new(() => Run(started)) { Name = "QEMU", IsBackground = true };
        _waiter.Start();
        started.Wait();
    }

    internal bool HasExited => _process.HasExited;

    /// <summary>QEMU's error output.</summary>
    internal string Error
    {
        get
        {
            // The thread has then read the last line, too.
            if (HasExited) _waiter.Join();
            lock (_error) return _error.ToString();
        }
    }

    /// <summary>Kills it (SIGKILL). Does nothing if it has ended.</summary>
    internal void Kill()
    {
        _process.Kill();
        _waiter.Join();
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }

    private void Run(ManualResetEventSlim started)
    {
        _process.Start();
        _process.BeginErrorReadLine();
        started.Set();
        _process.WaitForExit();
    }

    private void Keep(string? line)
    {
        lock (_error) _error.AppendLine(line);
    }
}
