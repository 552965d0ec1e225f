using System.Text.Json;

namespace Ixy.Vm.Tests.Traffic;

/// <summary>A running <c>ixy fwd</c> in a guest. Killed when disposed.</summary>
internal sealed class Forwarder : IDisposable
{
    private readonly GuestJob _job;

    private Forwarder(GuestJob job) => _job = job;

    /// <summary>Its process ID in the guest.</summary>
    internal int ProcessId => _job.ProcessId;

    /// <summary>Starts it and waits until packets pass.</summary>
    /// <param name="guest">The guest.</param>
    /// <param name="first">The first of two consecutive devices.</param>
    /// <param name="lockedMiB">Runs unprivileged with this limit on locked memory; null: as root.</param>
    /// <param name="options">Further command-line options.</param>
    internal static Forwarder Start(Guest guest, int first, int? lockedMiB, string options = "") => StartCommand(
        guest, $"ixy fwd {GuestMachine.Address(first)} {GuestMachine.Address(first + 1)} --json {options}", lockedMiB);

    /// <summary>The same for another command that shows rates and prints a report.</summary>
    internal static Forwarder StartCommand(Guest guest, string command, int? lockedMiB)
    {
        var job = guest.Start(lockedMiB is { } limit ? GuestSetup.AsUser(command, limit) : $"exec {command}");
        try
        {
            // The header of the table of rates.
            job.WaitFor("RX Mpps");
            return new(job);
        }
        catch
        {
            job.Dispose();
            throw;
        }
    }

    /// <summary>Ends it as Ctrl-C does. Returns its report.</summary>
    internal JsonElement Interrupt()
    {
        _job.Signal("INT");
        return WaitForReport();
    }

    /// <summary>Waits for its end, which must be a success. Returns its report.</summary>
    internal JsonElement WaitForReport()
    {
        string report = _job.Wait().Succeeded();
        return JsonDocument.Parse(report.TrimEnd('\n').Split('\n')[^1]).RootElement;
    }

    /// <summary>Waits until it ends because a card was lost. Returns its report and its error output.</summary>
    internal (JsonElement Report, string Error) WaitForLoss()
    {
        var result = _job.Wait();
        Assert.True(result.ExitCode == 1, $"ended with {result.ExitCode}: {result.Error}{result.Output}");
        return (JsonDocument.Parse(result.Output.TrimEnd('\n').Split('\n')[^1]).RootElement, result.Error);
    }

    /// <summary>Ends it as <c>kill -9</c> does.</summary>
    internal void Kill()
    {
        _job.Signal("KILL");
        Assert.Equal(CommandResult.Killed, _job.Wait().ExitCode);
    }

    public void Dispose() => _job.Dispose();
}
