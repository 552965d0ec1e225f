namespace Ixy.Ixgbe;

internal unsafe partial class IxgbeReceiveQueue<TAddresses, TOffloads>
{
    /// <remarks>
    /// A cause is also set while it is masked, and interrupts as soon as it is enabled, so no packet is missed. After
    /// polling, the first interrupt may therefore be for packets that were taken long ago.
    /// </remarks>
    internal override void Arm() => Interrupt!.EnableCause();

    /// <remarks>
    /// The interrupt has masked itself (7.3.1.5). If it has not fired yet, it fires once, and the next wait sees it.
    /// </remarks>
    internal override void Disarm()
    {
        // Disarming would take an access to the card, which costs more than a spurious interrupt.
    }
}
