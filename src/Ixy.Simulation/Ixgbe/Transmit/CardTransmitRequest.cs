namespace Ixy.Simulation.Ixgbe.Transmit;

/// <summary>What the first descriptor of a packet requests (datasheet 7.2.3.2.2, 7.2.3.2.4).</summary>
internal readonly struct CardTransmitRequest
{
    internal CardTransmitRequest(in TransmitDescriptor first, TransmitContext[] contexts)
    {
        uint command = first.Command, status = first.Status;
        InsertFcs = (command & TransmitDescriptor.InsertFcs) != 0;
        InsertVlan = (command & TransmitDescriptor.InsertVlan) != 0;
        IsLegacy = first.IsLegacy;
        if (IsLegacy)
        {
            VlanTag = (ushort)(status >> 16);
            LegacyChecksum = (command & TransmitDescriptor.InsertChecksum) != 0;
            (ChecksumOffset, ChecksumStart) = ((byte)(command >> 16), (byte)(status >> 8));
            return;
        }
        Context = contexts[status >> TransmitDescriptor.ContextIndexShift & 1];
        VlanTag = Context.VlanTag;
        Segment = (command & TransmitDescriptor.Segment) != 0;
        IpChecksum = (status & TransmitDescriptor.IpChecksum) != 0;
        L4Checksum = (status & TransmitDescriptor.L4Checksum) != 0;
        ChecksContext = (status & TransmitDescriptor.CheckContext) != 0;
        TimeStamp = (command & TransmitDescriptor.TimeStamp) != 0;
        NotAvailable = (status & TransmitDescriptor.Security) != 0
            || (command & TransmitDescriptor.LinkSecurity) != 0 ||
            (Context.FCoE && (ChecksContext || Segment));
        PayloadLength = status >> TransmitDescriptor.PayloadShift;
    }

    internal readonly bool IsLegacy, InsertFcs, InsertVlan, LegacyChecksum, Segment, IpChecksum, L4Checksum,
        ChecksContext;
    internal readonly bool TimeStamp, NotAvailable;
    internal readonly byte ChecksumStart, ChecksumOffset;
    internal readonly ushort VlanTag;
    internal readonly uint PayloadLength;
    internal readonly TransmitContext Context;

    /// <summary>A checksum, a tag or segmentation is requested: the packet is not sent as it is in memory.</summary>
    internal bool Changes => InsertVlan || LegacyChecksum || Segment || IpChecksum || L4Checksum;

    internal bool NeedsContext => !IsLegacy && (Changes || ChecksContext);

    /// <summary>Bytes that are not part of PAYLEN: the headers, when they are repeated in every segment.</summary>
    internal uint HeaderLength => Segment ? Context.HeaderLength : 0;
}
