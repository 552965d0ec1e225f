namespace Ixy.Vm.Tests.Rig;

/// <summary>A guest did not boot, hung, or ended; the message includes the end of its console output.</summary>
internal class GuestException(string message) : Exception(message);

/// <summary>
/// A guest's kernel reported at boot that a processor had lost its timer, or stopped before it could: the emulator's
/// fault.
/// </summary>
internal sealed class GuestTimerException(string message) : GuestException(message);
