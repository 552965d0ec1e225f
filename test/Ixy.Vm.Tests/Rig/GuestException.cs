namespace Ixy.Vm.Tests.Rig;

/// <summary>A guest did not boot, hung, or ended; the message carries what its console said last.</summary>
internal sealed class GuestException(string message) : Exception(message);
