using System.Runtime.Intrinsics.X86;
using Ixy.Addresses;

namespace Ixy.Ixgbe;

// Chooses a queue's loop. Behind an IOMMU a buffer has the same address for the card as for the process, so four
// descriptors fit in one vector operation.
public sealed partial class IxgbeDevice
{
    private ReceiveQueue NewVirtualReceiveQueue<TOffloads>(int index, ulong reported)
        where TOffloads : struct, IReceiveOffloads =>
        Avx2.IsSupported && typeof(TOffloads) == typeof(NoOffloads)
        ? new IxgbeVectorReceiveQueue(_device, _bar, index, _options)
        : new IxgbeReceiveQueue<VirtualAddresses, TOffloads>(_device, _bar, index, _options, reported);

    private TransmitQueue NewVirtualTransmitQueue(int index) => Avx2.IsSupported
        ? new IxgbeVectorTransmitQueue(_device, _bar, index, _options)
        : new IxgbeTransmitQueue<VirtualAddresses>(_device, _bar, index, _options);
}
