using Ixy.Cli.Output;

namespace Ixy.Cli;

/// <summary>What a command does besides moving packets, at certain points of a measurement.</summary>
internal interface IMeasuredWork
{
    /// <summary>Why it failed, and how to fix it; null if it did not.</summary>
    string? Fault { get; }

    /// <summary>What was done, in one line; null to show the packets moved.</summary>
    string? Summary { get; }

    /// <summary>A notice to show once while it runs; null if there is none (yet).</summary>
    string? Note => null;

    /// <summary>All links are up; the threads are already running.</summary>
    void LinksAreUp()
    {
    }

    /// <summary>The threads have ended, the devices are still open.</summary>
    /// <param name="counted">Counts per device, as in the report.</param>
    void Finish(IReadOnlyList<DeviceStatistics> counted);

    /// <summary>Its part of the report for people.</summary>
    void Print(Screen screen);

    /// <summary>Its part of the report for programs.</summary>
    ReportJson AddTo(ReportJson report);
}
