using Ixy.Simulation;
using Ixy.Simulation.Recording;

namespace Ixy.Cli;

/// <summary>The recorder of a command, while <c>ixy trace</c> or <c>ixy film</c> runs it.</summary>
internal static class Filming
{
    /// <summary>Null outside these two.</summary>
    internal static Recorder? Recorder { get; private set; }

    /// <summary>
    /// Runs a command with a recorder. Cards in real time are recorded as well; the command then skips the warm-up,
    /// because nothing is measured.
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
