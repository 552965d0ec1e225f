namespace Ixy;

/// <summary>
/// What went wrong with a device since it was opened, as far as anything has checked
/// (<see cref="NetworkDevice.CheckHealth"/>, <see cref="DeviceWatch"/>). Each event is counted once.
/// </summary>
/// <param name="TransmitHangs">A transmit queue had packets but did not move for two seconds, with the link up.</param>
/// <param name="MemoryErrors">An 82599 found an error in one of its memories that it could not correct.</param>
/// <param name="UnaskedResets">The device was reset by something other than its driver.</param>
/// <param name="DeviceErrors">A virtio device has asked to be reset (DEVICE_NEEDS_RESET).</param>
/// <param name="LostInterrupts">A thread slept although packets had arrived, because their interrupt was lost. It
/// noticed within a second.</param>
/// <param name="Restarts">How many times <see cref="NetworkDevice.Restart"/> has succeeded.</param>
public readonly record struct DeviceFaults(long TransmitHangs, long MemoryErrors, long UnaskedResets, long DeviceErrors,
    long LostInterrupts, long Restarts);

/// <summary>The kinds of faults that are counted.</summary>
internal enum DeviceFault
{
    TransmitHang,
    MemoryError,
    UnaskedReset,
    DeviceError,
}
