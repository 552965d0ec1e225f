using Ixy.Simulation;
using Ixy.Simulation.Recording;

namespace Ixy.Cli;

/// <summary>What a command is recorded with, while <c>ixy trace</c> or <c>ixy film</c> runs it.</summary>
internal static class Filming
{
    /// <summary>Null outside of the two.</summary>
    internal static Recorder? Recorder { get; private set; }

    /// <summary>
    /// Runs a command with a recorder. Cards in real time are recorded, too; a command does not practise then, since
    /// nothing is measured.
    /// </summary>
    internal static int Run(Recorder recorder, Func<int> command)
    {
        Recorder = SimulatedCards.Recorder = recorder;
        try
        {
            return command();
        }
        finally
        {
            Recorder = SimulatedCards.Recorder = null;
        }
    }
}
