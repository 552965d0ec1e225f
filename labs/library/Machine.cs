using System.ComponentModel;
using System.Runtime.CompilerServices;

namespace Ixy.Labs;

/// <summary>
/// The processor that an exercise runs on: the grader inserts a call in front of each statement. So it knows where the
/// program is, each statement takes a nanosecond of virtual time, and endless loops can be stopped.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class Machine
{
    /// <summary>The statement on this line begins.</summary>
    public static void At(int line) => LabRun.Current?.At(line);

    /// <summary>A method whose first line is this one begins.</summary>
    public static void Enter(int line)
    {
        if (LabRun.Current is not { } run) return;
        // The line is still that of the call.
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) run.EndRecursion();
        run.At(line);
    }
}
