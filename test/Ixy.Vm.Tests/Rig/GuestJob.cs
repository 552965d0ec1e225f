using System.Diagnostics;
using System.Text;

namespace Ixy.Vm.Tests.Rig;

/// <summary>A command that runs in a guest alongside others. Killed when disposed.</summary>
internal sealed class GuestJob : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    private readonly Guest _guest;
    private readonly string _folder;

    private GuestJob(Guest guest, string folder) => (_guest, _folder) = (guest, folder);

    /// <summary>The process that the script becomes.</summary>
    internal int ProcessId => int.Parse(_guest.Run($"cat {_folder}/pid").Succeeded());

    /// <summary>Its standard output so far.</summary>
    internal string Output => _guest.Run($"cat {_folder}/output").Succeeded();

    /// <summary>Its standard error so far.</summary>
    internal string Error => _guest.Run($"cat {_folder}/error").Succeeded();

    /// <summary>
    /// Starts a shell script. Signals go to the shell that runs it; end the script with <c>exec</c> to send them to the
    /// program.
    /// </summary>
    internal static GuestJob Start(Guest guest, int number, string script)
    {
        string folder = $"/run/job{number}";
        string wrapper =
            $"#!/bin/sh\ncd {folder}\nsh -c 'echo $$ > pid; exec sh ./script' < /dev/null > output 2> error\necho $? > "
            + "code.new\nmv code.new code\n";
        // A shell's background command would have to ignore Ctrl-C (POSIX, 2.11); one started by start-stop-daemon need
        // not.
        guest.Run($"""
            mkdir {folder} && cd {folder} && touch output error
            echo {Base64(script)} | base64 -d > script
            echo {Base64(wrapper)} | base64 -d > run
            chmod +x run
            start-stop-daemon -S -b -x {folder}/run
            """).Succeeded();
        var job = new GuestJob(guest, folder);
        job.WaitUntil("[ -e pid ]", "started");
        return job;
    }

    /// <summary>Waits until a text appears on standard output or standard error.</summary>
    internal void WaitFor(string text)
    {
        WaitUntil($"[ -e code ] || grep -qF -- '{text}' output error", $"'{text}'");
        var result = _guest.Run($"cd {_folder}; grep -qF -- '{text}' output error");
        Assert.True(result.ExitCode == 0, $"'{text}' was not printed: {Output}{Error}");
    }

    /// <summary>Sends a signal, such as <c>INT</c>.</summary>
    internal void Signal(string name) => _guest.Run($"kill -{name} $(cat {_folder}/pid)").Succeeded();

    /// <summary>Waits for its end.</summary>
    internal CommandResult Wait()
    {
        WaitUntil("[ -e code ]", "the end");
        return new(int.Parse(_guest.Run($"cat {_folder}/code").Succeeded()), Output, Error);
    }

    public void Dispose()
    {
        // After a failure that ended the guest, there is nothing to clean up.
        if (_guest.IsAlive) _guest.Run($"[ -e {_folder}/code ] || kill -KILL $(cat {_folder}/pid)");
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    // Waits in the guest, a second at a time, so that other commands get their turn.
    private void WaitUntil(string condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        string wait =
            $"cd {_folder}; for i in 0 1 2 3 4 5 6 7 8 9; do if {condition}; then exit 0; fi; usleep 100000; done; "
            + "exit 1";
        while (_guest.Run(wait).ExitCode != 0)
            Assert.True(
                Stopwatch.GetElapsedTime(start) < s_limit, $"waited for {what} for {s_limit}; so far: {Output}{Error}");
    }
}
