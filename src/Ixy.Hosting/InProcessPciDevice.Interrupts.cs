using Ixy.Hosting.Interop;
using Ixy.Hosting.Interrupts;
using Ixy.Vfio;

namespace Ixy.Hosting;

// Interrupts: what a vfio-user server does for a client, but without messages.
public unsafe partial class InProcessPciDevice
{
    private readonly InterruptEvents _events;

    /// <inheritdoc/>
    public override int CountInterruptVectors(InterruptKind kind) => _events.Count((int)kind);

    /// <inheritdoc/>
    protected override void ConnectInterrupts(InterruptKind kind, ReadOnlySpan<int> eventDescriptors)
    {
        int[] descriptors = eventDescriptors.ToArray();
        _turns.BetweenTurns(() =>
        {
            Model.SetClock(_turns.Now);
            try
            {
                // The device has its own descriptors, and closes them when it likes.
                for (int i = 0; i < descriptors.Length; i++) _events.Set((int)kind, i, Duplicate(descriptors[i]));
                _events.Enable((int)kind, 0, descriptors.Length, connected: true);
            }
            catch
            {
                _events.Disable((int)kind);
                throw;
            }
        });
    }

    /// <inheritdoc/>
    protected override void DisconnectInterrupts(InterruptKind kind) =>
        _turns.BetweenTurns(() => _events.Disable((int)kind));

    /// <inheritdoc/>
    protected override void MaskInterruptLine(bool masked) =>
        _turns.BetweenTurns(() => _events.SetMask(InterruptEvents.Line, 0, masked));

    private int Duplicate(int descriptor)
    {
        int copy = Libc.fcntl(descriptor, Libc.F_DUPFD_CLOEXEC, 0);
        return copy >= 0 ? copy
            : throw new PciDeviceException(
                $"{Name}: no descriptor for the card's end of an interrupt: {Libc.LastError()}");
    }
}
