using static Ixy.Ixgbe.IxgbeFeatureRegisters;

namespace Ixy.Ixgbe;

internal unsafe partial class IxgbeReceiveQueue<TAddresses, TOffloads>
{
    /// <remarks>
    /// A cause is set while it is masked, too, and interrupts as soon as it is enabled: no packet is ever slept over.
    /// So after polling the first interrupt may be about packets that were taken long ago.
    /// </remarks>
    internal override void Arm() => _bar.Write32(EIMS_EX[_index / 32], 1u << _index % 32);

    /// <remarks>
    /// The interrupt has masked itself (7.3.1.5). If it has not come yet, it comes once, and is noticed by the next
    /// wait.
    /// </remarks>
    internal override void Disarm()
    {
        // A trip to the card would cost more than that.
    }
}
