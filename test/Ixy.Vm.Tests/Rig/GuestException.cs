namespace Ixy.Vm.Tests.Rig;

/// <summary>A guest did not boot, hung, or ended; the message carries what its console said last.</summary>
internal class GuestException(string message) : Exception(message);

/// <summary>
/// A guest's kernel said while it booted that a processor had lost its timer, or stopped before it could say so: that
/// is the emulator's fault.
/// </summary>
internal sealed class GuestTimerException(string message) : GuestException(message);
