namespace Ixy;

/// <summary>
/// What went wrong with a device since it was opened, as far as somebody has looked
/// (<see cref="NetworkDevice.CheckHealth"/>, <see cref="DeviceWatch"/>); each event is counted once.
/// </summary>
/// <param name="TransmitHangs">A transmit queue had packets and stood still for two seconds, with the link up.</param>
/// <param name="MemoryErrors">An 82599 found an error in one of its memories that it could not correct.</param>
/// <param name="UnaskedResets">The device was reset, and not by its driver.</param>
/// <param name="DeviceErrors">A virtio device has asked to be reset (DEVICE_NEEDS_RESET).</param>
/// <param name="LostInterrupts">A thread slept though packets had come, as their interrupt was lost: it noticed after a
/// second at the latest.</param>
/// <param name="Restarts">How often <see cref="NetworkDevice.Restart"/> has succeeded.</param>
public readonly record struct DeviceFaults(long TransmitHangs, long MemoryErrors, long UnaskedResets, long DeviceErrors,
    long LostInterrupts, long Restarts);

/// <summary>Kinds of faults that are counted.</summary>
internal enum DeviceFault
{
    TransmitHang,
    MemoryError,
    UnaskedReset,
    DeviceError,
}
