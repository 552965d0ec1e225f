using System.Text.Json;

namespace Ixy.Vm.Tests.Traffic;

/// <summary>A running <c>ixy fwd</c> in a guest. Killed when disposed.</summary>
internal sealed class Forwarder : IDisposable
{
    private readonly GuestJob _job;

    private Forwarder(GuestJob job) => _job = job;

    /// <summary>Its process in the guest.</summary>
    internal int ProcessId => _job.ProcessId;

    /// <summary>Starts it and waits until packets pass.</summary>
    /// <param name="guest">Where.</param>
    /// <param name="first">The first of two devices that are next to each other.</param>
    /// <param name="lockedMiB">Runs without privileges, and may lock so much memory; null: as root.</param>
    /// <param name="options">More of the command line.</param>
    internal static Forwarder Start(Guest guest, int first, int? lockedMiB, string options = "") => StartCommand(
        guest, $"ixy fwd {GuestMachine.Address(first)} {GuestMachine.Address(first + 1)} --json {options}", lockedMiB);

    /// <summary>The same for another command that shows rates and prints a report.</summary>
    internal static Forwarder StartCommand(Guest guest, string command, int? lockedMiB)
    {
        var job = guest.Start(lockedMiB is { } limit ? GuestSetup.AsUser(command, limit) : $"exec {command}");
        try
        {
            // The head of the table of rates.
            job.WaitFor("RX Mpps");
            return new(job);
        }
        catch
        {
            job.Dispose();
            throw;
        }
    }

    /// <summary>Ends it as Ctrl-C does; its report.</summary>
    internal JsonElement Interrupt()
    {
        _job.Signal("INT");
        return WaitForReport();
    }

    /// <summary>Waits for its end, which has to be a good one; its report.</summary>
    internal JsonElement WaitForReport()
    {
        string report = _job.Wait().Succeeded();
        return JsonDocument.Parse(report.TrimEnd('\n').Split('\n')[^1]).RootElement;
    }

    /// <summary>Waits until it has ended because a card was lost; its report, and what it said of the reason.</summary>
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
