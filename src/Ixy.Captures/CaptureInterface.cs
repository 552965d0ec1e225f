namespace Ixy.Captures;

/// <summary>What a capture says about an interface it was made at. Values that are null or 0 are omitted.</summary>
public sealed record CaptureInterface
{
    /// <summary>Its name, such as a device specifier.</summary>
    public string? Name { get; init; }

    /// <summary>The driver or the card, for people.</summary>
    public string? Hardware { get; init; }

    /// <summary>Its Ethernet address.</summary>
    public MacAddress? MacAddress { get; init; }

    /// <summary>Speed of the link in Mbit/s.</summary>
    public int SpeedMbps { get; init; }

    /// <summary>Describes a device as it is now; the speed is set only if the link is up.</summary>
    public static CaptureInterface Of(NetworkDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return new()
        {
            Name = device.Name,
            Hardware = device.DriverName,
            MacAddress = device.MacAddress,
            SpeedMbps = device.Link.SpeedMbps
        };
    }
}

/// <summary>What a capture says at its end about an interface. Values that are null are omitted.</summary>
public readonly record struct CaptureStatistics
{
    /// <summary>When the capture began: nanoseconds since 1970, UTC.</summary>
    public long StartTime { get; init; }

    /// <summary>When it ended.</summary>
    public long EndTime { get; init; }

    /// <summary>Frames that arrived at the interface (isb_ifrecv).</summary>
    public long? Received { get; init; }

    /// <summary>Of these, frames the card or its driver had no room for (isb_ifdrop).</summary>
    public long? Missed { get; init; }

    /// <summary>Of the frames the driver delivered, those the disk was too slow for (isb_osdrop).</summary>
    public long? Dropped { get; init; }

    /// <summary>Frames in the capture (isb_usrdeliv).</summary>
    public long? Written { get; init; }
}
