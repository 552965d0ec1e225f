using Ixy.Cli.Output;

namespace Ixy.Cli;

/// <summary>What a command does besides moving packets, where the course of a measurement asks for it.</summary>
internal interface IMeasuredWork
{
    /// <summary>Why it failed, with the cure; null if it did not.</summary>
    string? Fault { get; }

    /// <summary>What was done, in one line; null to have the packets that were moved.</summary>
    string? Summary { get; }

    /// <summary>What people should know while it goes on, said once; null if there is nothing (yet).</summary>
    string? Note => null;

    /// <summary>All links are up; the threads run already.</summary>
    void LinksAreUp()
    {
    }

    /// <summary>The threads have ended, the devices are still open.</summary>
    /// <param name="counted">By each device, as in the report.</param>
    void Finish(IReadOnlyList<DeviceStatistics> counted);

    /// <summary>Its part of the report for people.</summary>
    void Print(Screen screen);

    /// <summary>Its part of the report for programs.</summary>
    ReportJson AddTo(ReportJson report);
}
