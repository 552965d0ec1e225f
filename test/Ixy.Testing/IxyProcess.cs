using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Ixy.Testing;

/// <summary>
/// The built <c>ixy</c>, run as a user runs it. If it has not ended in time, it is killed and the test fails.
/// </summary>
internal sealed partial class IxyProcess : IDisposable
{
    /// <summary>
    /// For builds: meant only to end those that hang. On a busy machine, restoring packages alone has taken ten
    /// minutes.
    /// </summary>
    internal static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(30);

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);
    private readonly Process _process;
    private readonly StringBuilder _output = new(), _error = new();

    private IxyProcess(string file, IEnumerable<string> arguments)
    {
        _process = new Process
        {
            // A shell without job control starts background processes with SIGINT ignored, and this is inherited.
            StartInfo = new ProcessStartInfo("env", ["--default-signal=INT", file, .. arguments])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        _process.OutputDataReceived += (_, line) => Keep(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(_error, line.Data);
        _process.Start();
        _process.StandardInput.Close();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The assembly to pass to <c>dotnet exec</c>.</summary>
    internal static string Program => Path.Combine(AppContext.BaseDirectory, "Ixy.Cli.dll");

    /// <summary>Its process id.</summary>
    internal int Id => _process.Id;

    /// <summary>Standard output so far.</summary>
    internal string Output => Copy(_output);

    /// <summary>Standard error so far.</summary>
    internal string Error => Copy(_error);

    internal static IxyProcess Start(params string[] arguments) => new("dotnet", ["exec", Program, .. arguments]);

    /// <summary>Starts any other program, with the same care.</summary>
    internal static IxyProcess StartOther(string file, params string[] arguments) => new(file, arguments);

    /// <summary>Runs it to its end.</summary>
    internal static (int ExitCode, string Output, string Error) Run(params string[] arguments)
    {
        using var ixy = Start(arguments);
        return (ixy.WaitForExit(), ixy.Output, ixy.Error);
    }

    /// <summary>Asserts that bad input gets one clear line that begins with <c>ixy:</c>, and nothing else.</summary>
    internal static void AssertOneLine(
        (int ExitCode, string Output, string Error) result, int exitCode, string contains)
    {
        Assert.Equal("", result.Output);
        string line = Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("ixy: ", line);
        Assert.Contains(contains, line);
        Assert.Equal(exitCode, result.ExitCode);
    }

    internal void Signal(PosixSignal signal)
    {
        int number =
            signal switch
            {
                PosixSignal.SIGINT => 2,
                PosixSignal.SIGTERM => 15,
                _ => throw new ArgumentException($"{signal}")
            };
        Assert.Equal(0, SendSignal(_process.Id, number));
    }

    /// <summary>Sends SIGUSR1.</summary>
    internal void SignalUser() => Assert.Equal(0, SendSignal(_process.Id, 10));

    /// <summary>Stops it for a while, as a debugger does.</summary>
    internal void Pause(TimeSpan time)
    {
        const int Continue = 18, Stop = 19;
        Assert.Equal(0, SendSignal(_process.Id, Stop));
        Thread.Sleep(time);
        Assert.Equal(0, SendSignal(_process.Id, Continue));
    }

    /// <summary>Kills it without giving it a chance to clean up (SIGKILL).</summary>
    internal void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Waits until something has been printed.</summary>
    internal void WaitForOutput(string text) => WaitFor(() => Output, text);

    /// <summary>Waits until something has been printed to standard error.</summary>
    internal void WaitForError(string text) => WaitFor(() => Error, text);

    internal int WaitForExit() => WaitForExit(s_limit);

    internal int WaitForExit(TimeSpan limit)
    {
        if (!_process.WaitForExit(limit))
        {
            _process.Kill();
            Assert.Fail($"no end after {limit}; so far: {Output}\n{Error}");
        }
        // Without a timeout, this also waits for the rest of the output.
        _process.WaitForExit();
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }

    private void WaitFor(Func<string> printed, string text)
    {
        long start = Stopwatch.GetTimestamp();
        while (!printed().Contains(text, StringComparison.Ordinal))
        {
            bool alive = !_process.HasExited && Stopwatch.GetElapsedTime(start) < s_limit;
            Assert.True(alive, $"'{text}' was not printed; so far: {Output}\n{Error}");
            Thread.Sleep(10);
        }
    }

    private static void Keep(StringBuilder all, string? line)
    {
        lock (all)
        {
            if (line is not null) all.Append(line).Append('\n');
        }
    }

    private static string Copy(StringBuilder all)
    {
        lock (all) return all.ToString();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
