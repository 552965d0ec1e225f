using System.Diagnostics;
using System.Text;

namespace Ixy.Cli.Tests;

/// <summary>
/// A program in a terminal of its own, with simulated typing. It is killed if it does not end in time.
/// </summary>
internal sealed class Terminal : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly Thread _reader;

    /// <param name="command">A shell command.</param>
    /// <param name="environment">Variables in addition to those of this process.</param>
    internal Terminal(string command, params (string Name, string Value)[] environment)
    {
        Skip.IfNot(Tool.Exists("script"), "script is not installed (apt install bsdutils)");
        _process = new()
        {
            StartInfo = new("script", ["--quiet", "--return", "--command", command, "/dev/null"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        _process.StartInfo.Environment["TERM"] = "xterm";
        _process.StartInfo.Environment.Remove("NO_COLOR");
        foreach (var (name, value) in environment) _process.StartInfo.Environment[name] = value;
        _process.Start();
        _reader = new(Read) { IsBackground = true };
        _reader.Start();
    }

    /// <summary>Everything shown so far, including control sequences.</summary>
    internal string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    /// <summary>Presses keys.</summary>
    internal void Type(string keys)
    {
        _process.StandardInput.Write(keys);
        _process.StandardInput.Flush();
    }

    /// <summary>Waits until a text is shown at or after the given position of the output.</summary>
    internal void WaitFor(string text, int start = 0)
    {
        for (long begin = Stopwatch.GetTimestamp(); !Output[start..].Contains(text, StringComparison.Ordinal);)
        {
            Assert.True(Stopwatch.GetElapsedTime(begin) < s_limit && !_process.HasExited,
                $"'{text}' was not shown: {Output[start..]}");
            Thread.Sleep(10);
        }
    }

    /// <summary>Waits for the end; returns the exit code.</summary>
    internal int WaitForExit()
    {
        Assert.True(_process.WaitForExit(s_limit), $"no end: {Output}");
        return _process.ExitCode;
    }

    /// <summary>Everything shown until the end.</summary>
    internal string WaitForEnd()
    {
        Assert.True(_reader.Join(s_limit), $"the output does not end: {Output}");
        return Output;
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private void Read()
    {
        Span<char> characters = stackalloc char[1024];
        while (_process.StandardOutput.Read(characters) is > 0 and int count)
        {
            lock (_output) _output.Append(characters[..count]);
        }
    }
}
