namespace retail;

using {managed} from '@sap/cds/common';

entity Customers : managed {
  key ID        : String(20);
      name      : String(80);
      age       : Integer;
      joinedOn  : Date;
}

entity Products {
  key ID       : String(20);
      name     : String(80);
      category : String(40);
      price    : Decimal(12, 2);
}

entity SalesOrders : managed {
  key ID        : String(20);
      customer  : Association to Customers;
      orderedAt : Timestamp;
      total     : Decimal(15, 2);
      weight    : Decimal;
      document  : Int64;
      paid      : Boolean;
      items     : Composition of many Items on items.order = $self;
}

entity Items {
  key ID       : String(20);
      order    : Association to SalesOrders;
      product  : Association to Products;
      quantity : Integer;
      amount   : Decimal(12, 2);
}

entity Payrolls {
  key ID     : String(20);
      amount : Decimal(12, 2);
}
